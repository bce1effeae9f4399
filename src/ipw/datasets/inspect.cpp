// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/inspect.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "ipw/base/hash.h"
#include "ipw/base/json.h"

namespace ipw::datasets {
namespace {

constexpr std::size_t kMostFaults = 20;

void check_answer(const Question& question, Validation& out) {
  if (question.choices.empty() || out.faults.size() >= kMostFaults) return;
  const auto& answer = question.answer;
  const bool fits =
      answer.size() == 1 && answer[0] >= 'A' && answer[0] < static_cast<char>('A' + question.choices.size());
  if (!fits)
    out.faults.push_back(fmt::format("{}: the answer '{}' names none of the {} options", question.id, answer,
                                     question.choices.size()));
}

}  // namespace

std::vector<LoadedFile> load_files(const Benchmark& benchmark, const DatasetOptions& options,
                                   std::string& revision) {
  const auto& config = chosen_config(benchmark, options);
  TableFiles files(source_of(benchmark, options));
  std::vector<LoadedFile> out;
  for (const auto pattern : {config.questions, config.examples, config.files}) {
    if (pattern.empty()) continue;
    for (const auto& path : files.list(pattern)) {
      if (std::ranges::find(out, path, &LoadedFile::path) != out.end()) continue;
      const auto file = files.fetch(path);
      out.push_back({path, file, std::filesystem::file_size(file), sha256_file(file)});
    }
  }
  revision = files.revision();
  return out;
}

Validation validate(Dataset& dataset) {
  Validation out;
  std::unordered_set<std::size_t> ids;
  for (Question question; dataset.next(question); ++out.questions) {
    ++out.subjects[question.subject];
    if (!ids.insert(std::hash<std::string>{}(question.id)).second) ++out.duplicate_ids;
    check_answer(question, out);
  }
  if (const auto size = dataset.info().size; size && *size != out.questions)
    out.faults.push_back(fmt::format("{} questions, but {} were published", out.questions, *size));
  return out;
}

std::string sample_row(const Question& question) {
  Json row = {{"id", question.id},
              {"problem", question.problem},
              {"answer", question.answer},
              {"subject", question.subject},
              {"scorer", question.scorer}};
  if (!question.choices.empty()) row["choices"] = question.choices;
  if (auto metadata = parse_json(question.metadata); metadata && metadata->is_object())
    row["metadata"] = *metadata;
  return dump_json(row) + "\n";
}

}  // namespace ipw::datasets
