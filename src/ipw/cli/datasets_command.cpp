// SPDX-License-Identifier: Apache-2.0
// ipw datasets: list them, tell where one is from, load it, draw a sample, check it.
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/cli/commands.h"
#include "ipw/datasets/inspect.h"

namespace ipw::cli {
namespace {

using datasets::Benchmark;
using datasets::DatasetOptions;

constexpr Positional kPositionals[] = {
    {"ACTION", "list (also without it), info, fetch, sample or validate.", false},
    {"ID", "A dataset of the list.", false}};
constexpr Option kOptions[] = {
    {"--dataset-param", "KEY=VALUE", "", "A parameter of the dataset, such as config=main.", Kind::List},
    {"--count", "N", "100", "Questions of a sample, drawn evenly over the subjects."},
    {"--seed", "N", "0", "Seed of the sample: the same seed gives the same questions."},
    {"--out", "FILE", "", "Write the sample's questions as JSON lines, for --dataset local."},
    {"--online", "", "", "validate: ask the hub, too, and not the cache alone.", Kind::Flag},
    {"--json", "", "", "list, info, validate: print JSON.", Kind::Flag}};

DatasetOptions dataset_options(const Values& values, const Context& context) {
  DatasetOptions options;
  options.params = values.params("--dataset-param");
  options.hub = context.around.hub;
  options.data_dir = (context.around.data_dir / "data").string();
  options.seed = static_cast<std::uint64_t>(values.integer("--seed", 0).value_or(0));
  return options;
}

std::string_view access_of(const Benchmark& benchmark) {
  return benchmark.access == datasets::Access::Gated ? "gated" : "open";
}

std::string size_of(const datasets::Config& config) {
  return config.size == 0 ? "not known" : fmt::format("{}", config.size);
}

Json to_json(const Benchmark& benchmark) {
  Json configs = Json::array(), columns = Json::array();
  for (const auto& config : benchmark.configs) {
    const auto pin = datasets::pinned_revision(benchmark, config);
    configs.push_back({{"name", config.name},
                       {"files", config.questions},
                       {"examples", config.examples},
                       {"repository", config.repository.empty() ? benchmark.repository : config.repository},
                       {"revision", pin.empty() ? Json() : Json(pin)},
                       {"sha256", config.sha256.empty() ? Json() : Json(config.sha256)},
                       {"size", config.size == 0 ? Json() : Json(config.size)}});
  }
  for (const auto& column : benchmark.columns)
    columns.push_back(
        {{"name", column.name}, {"type", datasets::name_of(column.kind)}, {"required", column.required}});
  return {{"id", benchmark.id},
          {"name", benchmark.name},
          {"repository", benchmark.repository},
          {"revision", benchmark.revision.empty() ? Json() : Json(benchmark.revision)},
          {"licence", benchmark.licence},
          {"access", access_of(benchmark)},
          {"scorer", benchmark.scorer},
          {"max_tokens", benchmark.max_tokens},
          {"prompts", benchmark.prompts},
          {"shots", benchmark.shots},
          {"configs", configs},
          {"columns", columns}};
}

int list(const Values& values, Context&) {
  if (values.has("--json")) {
    Json all = Json::array();
    for (const auto* benchmark : datasets::benchmarks()) all.push_back(to_json(*benchmark));
    fmt::print("{}", pretty_json(all));
    return 0;
  }
  fmt::print("{:<18} {:>9}  {:<14} {:<6} {:<18} {}\n", "dataset", "questions", "licence", "access", "scorer",
             "what");
  for (const auto& row : datasets::datasets()) {
    const auto* b = datasets::benchmark_of(row.name);
    fmt::print("{:<18} {:>9}  {:<14} {:<6} {:<18} {}\n", row.name, b ? size_of(b->configs.front()) : "",
               b ? b->licence : "", b ? access_of(*b) : "", b ? b->scorer : "", row.summary);
  }
  return 0;
}

std::string wanted_id(const Values& values) {
  const auto id = values.text("ID");
  if (!id) throw Error(ErrorCode::Usage, "which dataset?", "ipw datasets lists them");
  require("dataset", datasets::datasets(), *id);
  return *id;
}

const Benchmark& wanted_benchmark(const Values& values) {
  const auto id = wanted_id(values);
  if (const auto* benchmark = datasets::benchmark_of(id)) return *benchmark;
  throw Error(ErrorCode::Usage, fmt::format("dataset '{}' is on this machine already", id),
              fmt::format("its page is docs/reference/datasets/{}.md", id));
}

std::string_view revision_of(const Benchmark& b, const datasets::Config& config) {
  const auto pin = datasets::pinned_revision(b, config);
  return pin.empty() ? "not pinned: the branch main" : pin;
}

void print_config(const Benchmark& b, const datasets::Config& config) {
  fmt::print("  config      {}: {} questions, {}\n", config.name, size_of(config), config.questions);
  if (!config.repository.empty())
    fmt::print("              from {}, revision {}\n", config.repository, revision_of(b, config));
  if (!config.sha256.empty()) fmt::print("              SHA-256 {}\n", config.sha256);
}

int info(const Values& values, Context&) {
  const auto& b = wanted_benchmark(values);
  if (values.has("--json")) {
    fmt::print("{}", pretty_json(to_json(b)));
    return 0;
  }
  fmt::print("{} ({})\n", b.name, b.id);
  fmt::print("  source      {} on the Hugging Face hub, {}\n", b.repository, access_of(b));
  fmt::print("  revision    {}\n", revision_of(b, b.configs.front()));
  fmt::print("  licence     {}\n  scorer      {}\n  max tokens  {}\n", b.licence, b.scorer, b.max_tokens);
  fmt::print("  prompts     {}\n", fmt::join(b.prompts, ", "));
  if (b.max_shots > 0) fmt::print("  examples    {} (0 to {})\n", b.shots, b.max_shots);
  for (const auto& config : b.configs) print_config(b, config);
  for (const auto& column : b.columns)
    fmt::print("  column      {}: {}{}\n", column.name, datasets::name_of(column.kind),
               column.required ? "" : ", may be absent");
  return 0;
}

int fetch(const Values& values, Context& context) {
  const auto& benchmark = wanted_benchmark(values);
  auto options = dataset_options(values, context);
  if (context.err_is_terminal)
    options.hub.progress = [](const std::string& file, std::uint64_t have, std::uint64_t all) {
      fmt::print(stderr, "\r{}  {} of {}\033[K", file, human_bytes(have), all == 0 ? "?" : human_bytes(all));
    };
  std::string revision;
  const auto files = datasets::load_files(benchmark, options, revision);
  if (context.err_is_terminal) fmt::print(stderr, "\r\033[K");
  fmt::print("{} at {}\n", benchmark.repository, revision);
  for (const auto& f : files)
    fmt::print("{}  {}  {}\n  {}\n", f.sha256, human_bytes(f.bytes), f.path, f.file.string());
  return 0;
}

int sample(const Values& values, Context& context) {
  const auto options = dataset_options(values, context);
  const auto count = values.integer("--count", 1).value_or(100);
  const auto drawn = datasets::sample_evenly(datasets::open_dataset(wanted_id(values), options),
                                             static_cast<std::size_t>(count), options.seed);
  const auto out = values.text("--out");
  std::string rows;
  std::size_t questions = 0;
  for (datasets::Question question; drawn->next(question); ++questions)
    rows += out ? datasets::sample_row(question) : question.id + "\n";
  if (!out) {
    fmt::print("{}", rows);
    return 0;
  }
  write_file_atomic(*out, rows);
  fmt::print(
      "{} questions in {}\nask them: ipw profile --dataset local --dataset-param path={} --dataset-param "
      "options=none\n",
      questions, *out, *out);
  return 0;
}

void print_validation(const datasets::Validation& found, bool json) {
  if (json) {
    Json subjects = Json::object();
    for (const auto& [subject, count] : found.subjects) subjects[subject] = count;
    fmt::print("{}", pretty_json({{"ok", found.ok()},
                                  {"questions", found.questions},
                                  {"duplicate_ids", found.duplicate_ids},
                                  {"faults", found.faults},
                                  {"subjects", subjects}}));
    return;
  }
  fmt::print("{} questions, {} subjects, {} ids twice\n", found.questions, found.subjects.size(),
             found.duplicate_ids);
  for (const auto& fault : found.faults) fmt::print("  {}\n", fault);
  fmt::print("{}\n", found.ok() ? "as published" : "not as published");
}

int validate(const Values& values, Context& context) {
  auto options = dataset_options(values, context);
  options.hub.offline = !values.has("--online");
  const auto dataset = datasets::open_dataset(wanted_id(values), options);
  const auto found = datasets::validate(*dataset);
  print_validation(found, values.has("--json"));
  return found.ok() ? 0 : 1;
}

struct Action {
  std::string_view name;
  int (*run)(const Values&, Context&);
};
constexpr std::array kActions = {Action{"fetch", &fetch}, Action{"info", &info}, Action{"list", &list},
                                 Action{"sample", &sample}, Action{"validate", &validate}};

int run(const Values& values, Context& context) {
  const auto name = values.text("ACTION").value_or("list");
  return require("action of datasets", std::span<const Action>(kActions), name).run(values, context);
}

}  // namespace

const Command kDatasets = {"datasets",
                           "List the datasets, load, sample and check them.",
                           "Examples:\n"
                           "  ipw datasets info gpqa\n"
                           "  ipw datasets fetch mmlu-pro\n"
                           "  ipw datasets sample mmlu --count 200 --seed 1 --out mmlu-200.jsonl\n"
                           "  ipw datasets validate supergpqa --online",
                           kPositionals,
                           kOptions,
                           run};

}  // namespace ipw::cli
