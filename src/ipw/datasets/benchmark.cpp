// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/benchmark.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"

namespace ipw::datasets {
namespace {

class BenchmarkDataset final : public Dataset {
 public:
  BenchmarkDataset(const Benchmark& benchmark, DatasetInfo info, std::unique_ptr<RowStream> rows, MapRow map)
      : benchmark_(benchmark), info_(std::move(info)), rows_(std::move(rows)), map_(std::move(map)) {}

  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    for (Json values; rows_->next(values);) {
      const auto place = rows_->place();
      const Row row(values, place);
      row.require(benchmark_.columns);
      question = {};
      question.index = index_++;
      if (!map_(row, question)) {
        ++left_out_;
        continue;
      }
      complete(row, question);
      return true;
    }
    report_left_out();
    return false;
  }

 private:
  void report_left_out() {
    if (left_out_ > 0 && !benchmark_.left_out.empty())
      log::warning("{}: {} of {} rows left out: {}", benchmark_.id, left_out_, index_, benchmark_.left_out);
    left_out_ = 0;
  }

  void complete(const Row& row, Question& question) const {
    if (trim(question.problem).empty()) row.fail("the question is empty");
    if (benchmark_.has_answers && trim(question.answer).empty()) row.fail("the answer is empty");
    if (question.id.empty()) question.id = fmt::format("{}/{}", benchmark_.id, question.index);
    if (question.subject.empty()) question.subject = "general";
    if (question.scorer.empty()) question.scorer = benchmark_.scorer;
    if (question.metadata.empty()) question.metadata = "{}";
  }

  const Benchmark& benchmark_;
  DatasetInfo info_;
  std::unique_ptr<RowStream> rows_;
  MapRow map_;
  std::int64_t index_ = 0, left_out_ = 0;
};

std::string listed(std::span<const std::string_view> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string chosen_prompt(const Benchmark& benchmark, const Params& params) {
  const auto prompt = params.text("prompt", benchmark.prompts.front());
  if (std::ranges::find(benchmark.prompts, prompt) != benchmark.prompts.end()) return prompt;
  throw Error(ErrorCode::Usage, fmt::format("dataset '{}' has no prompt '{}'", benchmark.id, prompt),
              "it has: " + listed(benchmark.prompts));
}

std::int64_t chosen_shots(const Benchmark& benchmark, const Params& params) {
  const auto shots = params.integer("shots").value_or(benchmark.shots);
  if (shots >= 0 && shots <= benchmark.max_shots) return shots;
  throw Error(ErrorCode::Usage,
              fmt::format("parameter shots={} is not in 0 to {}", shots, benchmark.max_shots),
              "there are no more worked examples for a question");
}

void allow_params(const Benchmark& benchmark, const Params& params) {
  std::vector<std::string_view> names = {"path", "config", "prompt", "revision"};
  if (benchmark.max_shots > 0) names.insert(names.end(), {"shots", "examples"});
  names.insert(names.end(), benchmark.params.begin(), benchmark.params.end());
  params.allow(fmt::format("dataset '{}'", benchmark.id), names);
}

std::unique_ptr<RowStream> open_examples(const Benchmark& benchmark, const Config& config, TableFiles files,
                                         const Params& params) {
  if (const auto path = params.get("examples")) return open_row_stream(*path);
  if (config.examples.empty())
    throw Error(ErrorCode::Usage, fmt::format("dataset '{}' has no worked examples", benchmark.id));
  if (files.is_single_file())
    throw Error(ErrorCode::Usage, "the worked examples are in another file than path=",
                "name it with --dataset-param examples=FILE, or ask without them: --dataset-param shots=0");
  return files.open(config.examples);
}

}  // namespace

const Config& chosen_config(const Benchmark& benchmark, const DatasetOptions& options) {
  const auto name = options.params.get("config");
  if (!name) return benchmark.configs.front();
  const auto it = std::ranges::find(benchmark.configs, *name, &Config::name);
  if (it != benchmark.configs.end()) return *it;
  std::vector<std::string_view> known;
  for (const auto& config : benchmark.configs) known.push_back(config.name);
  throw Error(ErrorCode::Usage, fmt::format("dataset '{}' has no config '{}'", benchmark.id, *name),
              "it has: " + listed(known));
}

std::string_view pinned_revision(const Benchmark& benchmark, const Config& config) {
  return config.repository.empty() ? benchmark.revision : config.revision;
}

TableSource source_of(const Benchmark& benchmark, const DatasetOptions& options) {
  const auto& config = chosen_config(benchmark, options);
  const auto pin = pinned_revision(benchmark, config);
  TableSource out;
  out.repository = config.repository.empty() ? benchmark.repository : config.repository;
  out.revision = options.params.text("revision", pin.empty() ? "main" : pin);
  out.local = options.params.text("path", "");
  out.hub = options.hub;
  if (out.revision == pin && !config.sha256.empty()) {
    out.pinned_file = config.questions;
    out.pinned_sha256 = config.sha256;
  }
  return out;
}

std::unique_ptr<Dataset> open_benchmark(const Benchmark& benchmark, const DatasetOptions& options) {
  allow_params(benchmark, options.params);
  const auto& config = chosen_config(benchmark, options);
  const auto prompt = chosen_prompt(benchmark, options.params);
  const auto shots = chosen_shots(benchmark, options.params);
  TableFiles files(source_of(benchmark, options));
  auto rows = files.open(config.questions);
  const Setting setting{prompt,
                        shots,
                        config,
                        options.params,
                        [&] { return open_examples(benchmark, config, files, options.params); },
                        [files](const std::string& path) mutable { return files.fetch_beside(path); },
                        options.files};
  auto map = benchmark.prepare(setting);
  DatasetInfo info;
  info.id = benchmark.id;
  info.name = benchmark.name;
  if (!files.is_local() && config.size > 0) info.size = config.size;
  info.source = files.is_local() ? files.revision() : source_of(benchmark, options).repository;
  info.revision = files.is_local() ? "" : files.revision();
  info.licence = benchmark.licence;
  info.max_tokens = benchmark.max_tokens;
  return std::make_unique<BenchmarkDataset>(benchmark, std::move(info), std::move(rows), std::move(map));
}

const Benchmark* benchmark_of(std::string_view id) {
  const auto all = benchmarks();
  const auto it = std::ranges::find_if(all, [&](const auto* row) { return row->id == id; });
  return it == all.end() ? nullptr : *it;
}

Examples collect_examples(RowStream& rows, std::int64_t shots,
                          const std::function<std::pair<std::string, std::string>(const Row&)>& example) {
  Examples out;
  std::map<std::string, std::int64_t> seen;
  for (Json values; rows.next(values);) {
    const auto place = rows.place();
    const auto [group, text] = example(Row(values, place));
    if (seen[group]++ < shots) out[group] += text;
  }
  return out;
}

std::string letter(std::size_t index) {
  if (index >= 26)
    throw Error(ErrorCode::Format, fmt::format("{} options, but there are 26 letters", index + 1));
  return {static_cast<char>('A' + index)};
}

std::string option_lines(const std::vector<std::string>& options, std::string_view mark) {
  std::string out;
  for (std::size_t i = 0; i < options.size(); ++i)
    out += fmt::format("{}{}{}\n", letter(i), mark, options[i]);
  return out;
}

}  // namespace ipw::datasets
