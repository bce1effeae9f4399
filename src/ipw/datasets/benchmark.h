// SPDX-License-Identifier: Apache-2.0
// The frame of the published benchmarks: what one is as data, and how its rows become questions. A benchmark
// is one file that fills in a `Benchmark` and a function from row to question.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/datasets/columns.h"
#include "ipw/datasets/dataset.h"
#include "ipw/datasets/table_files.h"

namespace ipw::datasets {

enum class Access : std::uint8_t { Open, Gated };  ///< gated: conditions to accept on the hub, and a token

/// A part of a benchmark that is chosen with --dataset-param config=NAME.
struct Config {
  std::string_view name;
  std::string_view questions;        ///< path in the repository, or a pattern (table_files.h)
  std::string_view examples = {};    ///< the same for worked examples; empty without
  std::size_t size = 0;              ///< rows as published; 0 when that is not known
  std::string_view repository = {};  ///< where it is another one than the benchmark's
  std::string_view revision = {};    ///< pinned commit of that repository
  std::string_view files = {};       ///< path or pattern of files that belong to questions
  std::string_view sha256 = {};      ///< of `questions` at the pinned commit, where it is one file
};

/// What the user chose, for the function that prepares the rows' mapping.
struct Setting {
  std::string prompt;  ///< one of the benchmark's prompts
  std::int64_t shots = 0;
  const Config& config;
  const Params& params;
  /// Read the worked examples; throws Error(Usage) where there are none. Only while preparing.
  std::function<std::unique_ptr<RowStream>()> examples;
  /// The local path of another file of the repository, loaded when the cache lacks it. May be kept.
  std::function<std::filesystem::path(const std::string& path)> file;
  bool files = false;  ///< a question is to have its files, of every kind
};

/// Fill a question in: problem, answer, and where the data has them id, subject, choices, question, metadata.
/// The frame has set index, and sets after it what is empty: id "DATASET/INDEX", subject "general", scorer.
/// False leaves a row out that is no question; the number of those is logged with Benchmark::left_out.
using MapRow = std::function<bool(const Row& row, Question& question)>;

struct Benchmark {
  std::string_view id, name;
  std::string_view repository;     ///< dataset on the hub
  std::string_view revision = {};  ///< pinned commit; empty: not pinned, the branch main
  std::string_view licence;
  Access access = Access::Open;
  std::string_view scorer;      ///< a row of evaluation's scorers or graders
  int max_tokens = 0;           ///< what an answer needs
  std::vector<Config> configs;  ///< the first is the default
  std::vector<ColumnRule> columns;
  std::vector<std::string_view> prompts = {"official"};  ///< the first is the default
  std::int64_t shots = 0, max_shots = 0;
  std::vector<std::string_view> params = {};  ///< further --dataset-param names
  MapRow (*prepare)(const Setting& setting) = nullptr;
  std::string_view left_out = {};  ///< why rows are left out, for people
  bool has_answers = true;         ///< false where a judge works without a reference
};

/// Open a benchmark with its common parameters: path, config, prompt, revision, and shots and examples where
/// it has worked examples. Throws Error.
std::unique_ptr<Dataset> open_benchmark(const Benchmark& benchmark, const DatasetOptions& options);
/// What `options` choose of a benchmark. Throws Error(Usage).
const Config& chosen_config(const Benchmark& benchmark, const DatasetOptions& options);
/// The commit that is asked for unless the user names another; empty where none is pinned.
std::string_view pinned_revision(const Benchmark& benchmark, const Config& config);
TableSource source_of(const Benchmark& benchmark, const DatasetOptions& options);

/// The benchmark of a row of the registry, or null for a dataset of another kind: benchmarks.cpp.
const Benchmark* benchmark_of(std::string_view id);
std::span<const Benchmark* const> benchmarks();

template <const Benchmark& (*benchmark)()>
std::unique_ptr<Dataset> make_benchmark(const DatasetOptions& options) {
  return open_benchmark(benchmark(), options);
}

/// Worked examples by group (subject, category): the first `shots` of each, one after another. `example`
/// gives the group and the text of a row.
using Examples = std::map<std::string, std::string>;
Examples collect_examples(RowStream& rows, std::int64_t shots,
                          const std::function<std::pair<std::string, std::string>(const Row&)>& example);

/// The form of answer that Humanity's Last Exam asks for (github.com/centerforaisafety/hle) and BrowseComp
/// took over, so that a judge finds answer and confidence; it stands behind the question.
inline constexpr std::string_view kAnswerWithConfidence =
    "\n\nYour response should be in the following format:\nExplanation: {your explanation for your final "
    "answer}\n"
    "Exact Answer: {your succinct, final answer}\n"
    "Confidence: {your confidence score between 0% and 100% for your answer}";

/// "A" for 0. Throws Error(Format) beyond Z.
std::string letter(std::size_t index);
/// Lines "A<mark> option" with line ends.
std::string option_lines(const std::vector<std::string>& options, std::string_view mark = ". ");

}  // namespace ipw::datasets
