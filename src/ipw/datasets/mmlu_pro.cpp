// SPDX-License-Identifier: Apache-2.0
// MMLU-Pro (Wang et al. 2024, arXiv 2406.01574) with the prompt of its own evaluation script
// (github.com/TIGER-AI-Lab/MMLU-Pro): chain of thought with examples of the question's category.
#include <fmt/format.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"
#include "ipw/http/hub.h"
#include "ipw/records/rows.h"

namespace ipw::datasets {
namespace {

constexpr std::string_view kRepository = "TIGER-Lab/MMLU-Pro";
constexpr std::int64_t kMaxShots = 5;

/// One row of the test or validation split, without its "N/A" options.
struct Item {
  std::string id, question, category, source, reasoning;
  std::vector<std::string> options;
  std::string letter;
};

Item to_item(const Json& row, std::size_t number) {
  try {
    Item item;
    item.id = row.at("question_id").dump();
    item.question = row.at("question");
    item.category = row.value("category", "general");
    item.source = row.value("src", "");
    item.reasoning = row.value("cot_content", "");
    const auto answer_index = row.at("answer_index").get<std::int64_t>();
    const auto& options = row.at("options");
    for (std::size_t i = 0; i < options.size(); ++i) {
      if (options[i] == "N/A") continue;
      // The letter follows the option's text, so that a dropped option before it does not shift the answer.
      if (std::cmp_equal(answer_index, i))
        item.letter = std::string(1, static_cast<char>('A' + item.options.size()));
      item.options.push_back(options[i]);
    }
    if (item.letter.empty()) throw Error(ErrorCode::Format, "the answer is none of the options");
    return item;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::Format, fmt::format("{} row {}: {}", kRepository, number, error.what()),
                "check the parameter revision=");
  }
}

std::string head(const Item& item) {
  auto out = fmt::format("Question:\n{}\nOptions:\n", item.question);
  for (std::size_t i = 0; i < item.options.size(); ++i)
    out += fmt::format("{}. {}\n", static_cast<char>('A' + i), item.options[i]);
  return out;
}

std::string example(const Item& item) {
  return head(item) +
         replace_all(item.reasoning, "A: Let's think step by step.", "Answer: Let's think step by step.") +
         "\n\n";
}

/// The examples of each category, at most `shots`.
std::map<std::string, std::string> examples(records::RowReader& rows, std::int64_t shots) {
  std::map<std::string, std::string> out;
  std::map<std::string, std::int64_t> seen;
  Json row;
  for (std::size_t number = 1; rows.next(row); ++number) {
    const auto item = to_item(row, number);
    if (seen[item.category]++ < shots) out[item.category] += example(item);
  }
  return out;
}

class MmluPro final : public Dataset {
 public:
  MmluPro(DatasetInfo info, std::unique_ptr<records::RowReader> rows,
          std::map<std::string, std::string> shots)
      : info_(std::move(info)), rows_(std::move(rows)), shots_(std::move(shots)) {}

  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    Json row;
    if (!rows_->next(row)) return false;
    const auto item = to_item(row, static_cast<std::size_t>(index_ + 1));
    Json metadata = {{"question_id", item.id}, {"source", item.source}};
    question = {index_++,      "mmlu-pro/" + item.id, prompt(item),      item.letter,
                item.category, dump_json(metadata),   "multiple-choice", item.options};
    return true;
  }

 private:
  std::string prompt(const Item& item) const {
    const auto it = shots_.find(item.category);
    return fmt::format(
        "The following are multiple choice questions (with answers) about {}. Think step by step and then "
        "finish "
        "your answer with \"the answer is (X)\" where X is the correct letter choice.\n\n\n{}{}Answer: Let's "
        "think "
        "step by step.",
        item.category, it == shots_.end() ? "" : it->second, head(item));
  }

  DatasetInfo info_;
  std::unique_ptr<records::RowReader> rows_;
  std::map<std::string, std::string> shots_;
  std::int64_t index_ = 0;
};

http::HubResult split_file(std::string_view split, const std::string& revision, const http::HubOptions& hub) {
  http::HubFile file;
  file.kind = http::HubKind::Dataset;
  file.repo = kRepository;
  file.revision = revision;
  file.path = fmt::format("data/{}-00000-of-00001.parquet", split);
  return http::hub_file(file, hub);
}

}  // namespace

std::unique_ptr<Dataset> make_mmlu_pro(const DatasetOptions& options) {
  static constexpr std::array<std::string_view, 2> kParams = {"revision", "shots"};
  options.params.allow("dataset 'mmlu-pro'", kParams);
  const auto shots = options.params.integer("shots").value_or(kMaxShots);
  if (shots < 0 || shots > kMaxShots)
    throw Error(ErrorCode::Usage, fmt::format("parameter shots={} is not in 0 to {}", shots, kMaxShots),
                "the validation split has five examples per category");
  const auto test = split_file("test", options.params.text("revision", "main"), options.hub);
  std::map<std::string, std::string> prompts;
  if (shots > 0)  // from the very commit of the test split, should the branch move in between
    prompts = examples(*records::open_rows(split_file("validation", test.commit, options.hub).file), shots);
  DatasetInfo info{.id = "mmlu-pro",
                   .name = "MMLU-Pro",
                   .size = {},
                   .source = std::string(kRepository),
                   .revision = test.commit,
                   .licence = "MIT",
                   .max_tokens = 2048,
                   .system_prompt = {}};
  return std::make_unique<MmluPro>(std::move(info), records::open_rows(test.file), std::move(prompts));
}

}  // namespace ipw::datasets
