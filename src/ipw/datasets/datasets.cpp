// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/datasets/dataset.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {

std::span<const DatasetEntry> datasets() {
  static constexpr std::array kDatasets = {
      DatasetEntry{"ipw-mini", "short questions of eight families for small chat models, bundled",
                   &make_ipw_mini},
      DatasetEntry{"ipw-tiny", "generated questions that the bundled tiny models can answer", &make_ipw_tiny},
      DatasetEntry{"local", "your own questions: JSONL, CSV, Parquet or Arrow (path=FILE)", &make_local},
      DatasetEntry{"mmlu-pro", "MMLU-Pro, multiple choice with up to ten options, from the Hugging Face hub",
                   &make_benchmark<mmlu_pro>},
  };
  return kDatasets;
}

std::unique_ptr<Dataset> open_dataset(std::string_view id, const DatasetOptions& options) {
  if (!find(datasets(), id) && options.params.get("path")) return make_local_as(id, options);
  return require("dataset", datasets(), id).make(options);
}

}  // namespace ipw::datasets
