// SPDX-License-Identifier: Apache-2.0
// ipw: a mixture of WildChat, NaturalReasoning, MMLU-Pro and SuperGPQA in equal shares, drawn with a seed; or
// the mixture that comes with the Python suite, read from its folder.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

constexpr std::int64_t kCount = 1000, kSeed = 1;

struct Part {
  std::string_view source, id;
};
/// By the name that the Python suite's rows tell of their source.
constexpr std::array<Part, 5> kParts = {{{"allenai/WildChat", "wildchat"},
                                         {"facebook/natural_reasoning", "natural-reasoning"},
                                         {"TIGER-Lab/MMLU-Pro", "mmlu-pro"},
                                         {"m-a-p/SuperGPQA", "supergpqa"},
                                         {"lmsys/lmsys-chat-1m", "wildchat"}}};
constexpr std::size_t kDrawn = 4;  // the last part is only found in folders of the Python suite

DatasetInfo mix_info() {
  DatasetInfo info;
  info.id = "ipw";
  info.name = "IPW mix";
  info.licence = "that of each part: ODC-BY, CC-BY-NC-4.0, MIT";
  info.max_tokens = 4096;
  return info;
}

/// The parts one after another, each an even sample over its subjects, one part in memory at a time.
class DrawnMix final : public Dataset {
 public:
  DrawnMix(DatasetInfo info, DatasetOptions options, std::size_t count)
      : info_(std::move(info)), options_(std::move(options)), count_(count) {
    open();
  }
  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    while (!rows_->next(question)) {
      if (++part_ == kDrawn) return false;
      open();
    }
    question.index = index_++;
    question.id = fmt::format("{}:{}", kParts[part_].id, question.id);
    question.subject = kParts[part_].id;
    return true;
  }

 private:
  void open() {
    const auto share = count_ / kDrawn + (part_ < count_ % kDrawn ? 1 : 0);
    auto whole = open_dataset(kParts[part_].id, options_);
    info_.revision += fmt::format("{}{}@{}", part_ == 0 ? "" : " ", kParts[part_].id, whole->info().revision);
    rows_ = sample_evenly(std::move(whole), share, options_.seed);
  }

  DatasetInfo info_;
  DatasetOptions options_;
  std::size_t count_, part_ = 0;
  std::unique_ptr<Dataset> rows_;
  std::int64_t index_ = 0;
};

/// The rule of the dataset that a row of the Python suite comes from; empty for a source without one, whose
/// answers stay unscored.
std::string scorer_of(const Json& metadata) {
  const auto config = metadata.find("config");
  const auto source =
      config == metadata.end() || !config->is_object() ? "" : config->value("dataset_name", "");
  const auto it = std::ranges::find(kParts, source, &Part::source);
  return it == kParts.end() ? std::string() : std::string(benchmark_of(it->id)->scorer);
}

/// A folder `mixed_1k_seed1_base` of the Python suite.
class OriginalMix final : public Dataset {
 public:
  OriginalMix(DatasetInfo info, std::unique_ptr<RowStream> rows)
      : info_(std::move(info)), rows_(std::move(rows)) {}
  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    Json values;
    if (!rows_->next(values)) return false;
    const auto place = rows_->place();
    const Row row(values, place);
    const auto metadata = metadata_of(row);
    question = {};
    question.index = index_++;
    question.id = fmt::format("ipw/{}", question.index);
    question.problem = row.text(row.find("problem") ? "problem" : "prompt");
    question.answer = row.text(row.find("answer") ? "answer" : "expected_answer");
    question.subject = row.text_or("subject", "general");
    question.metadata = dump_json(metadata);
    question.scorer = scorer_of(metadata);
    return true;
  }

 private:
  static Json metadata_of(const Row& row) {
    auto metadata = parse_json(row.text_or("dataset_metadata", "{}"));
    if (!metadata || !metadata->is_object()) row.fail("column 'dataset_metadata' holds no JSON object");
    return std::move(*metadata);
  }

  DatasetInfo info_;
  std::unique_ptr<RowStream> rows_;
  std::int64_t index_ = 0;
};

}  // namespace

std::unique_ptr<Dataset> make_ipw_mix(const DatasetOptions& options) {
  static constexpr std::array<std::string_view, 3> kParams = {"path", "n", "seed"};
  options.params.allow("dataset 'ipw'", kParams);
  auto info = mix_info();
  if (const auto path = options.params.get("path")) {
    info.source = *path;
    return std::make_unique<OriginalMix>(std::move(info), open_row_stream(*path));
  }
  const auto count = options.params.integer("n").value_or(kCount);
  if (count < static_cast<std::int64_t>(kDrawn) || count > 100'000)
    throw Error(ErrorCode::Usage, fmt::format("parameter n={} is not in {} to 100000", count, kDrawn));
  info.source = "wildchat, natural-reasoning, mmlu-pro, supergpqa";
  DatasetOptions parts = options;
  parts.params = {};
  parts.seed = static_cast<std::uint64_t>(options.params.integer("seed").value_or(kSeed));
  return std::make_unique<DrawnMix>(std::move(info), std::move(parts), static_cast<std::size_t>(count));
}

}  // namespace ipw::datasets
