// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/datasets/dataset.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {

std::span<const DatasetEntry> datasets() {
  static constexpr std::array kDatasets = {
      DatasetEntry{"arc", "ARC, science questions of school exams, challenge or easy", &make_benchmark<arc>},
      DatasetEntry{"gpqa",
                   "GPQA, graduate-level questions with four options: diamond, main, extended (gated)",
                   &make_benchmark<gpqa>},
      DatasetEntry{"gsm8k", "GSM8K, word problems of school arithmetic", &make_benchmark<gsm8k>},
      DatasetEntry{"ipw",
                   "1,000 questions out of WildChat, NaturalReasoning, MMLU-Pro and SuperGPQA; needs a judge",
                   &make_ipw_mix},
      DatasetEntry{"ipw-mini", "short questions of eight families for small chat models, bundled",
                   &make_ipw_mini},
      DatasetEntry{"ipw-tiny", "generated questions that the bundled tiny models can answer", &make_ipw_tiny},
      DatasetEntry{"local", "your own questions: JSONL, CSV, Parquet or Arrow (path=FILE)", &make_local},
      DatasetEntry{"math500", "MATH-500, competition mathematics", &make_benchmark<math500>},
      DatasetEntry{"mmlu", "MMLU, 57 subjects with four options", &make_benchmark<mmlu>},
      DatasetEntry{"mmlu-pro", "MMLU-Pro, multiple choice with up to ten options, from the Hugging Face hub",
                   &make_benchmark<mmlu_pro>},
      DatasetEntry{"natural-reasoning", "NaturalReasoning, questions out of web texts; needs a judge",
                   &make_benchmark<natural_reasoning>},
      DatasetEntry{"simpleqa", "SimpleQA, short factual questions; needs a judge", &make_benchmark<simpleqa>},
      DatasetEntry{"supergpqa", "SuperGPQA, 285 graduate disciplines with up to ten options",
                   &make_benchmark<supergpqa>},
      DatasetEntry{"wildchat", "WildChat, first messages of real chats; needs a judge",
                   &make_benchmark<wildchat>},
  };
  return kDatasets;
}

std::unique_ptr<Dataset> open_dataset(std::string_view id, const DatasetOptions& options) {
  if (!find(datasets(), id) && options.params.get("path")) return make_local_as(id, options);
  return require("dataset", datasets(), id).make(options);
}

}  // namespace ipw::datasets
