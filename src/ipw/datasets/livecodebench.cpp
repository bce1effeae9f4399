// SPDX-License-Identifier: Apache-2.0
// LiveCodeBench (Jain et al. 2024, arXiv 2403.07974), code generation, with the prompt of its own runner
// (github.com/LiveCodeBench/LiveCodeBench). A release is the problems of its files and of all before it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/datasets/encoded_text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

/// The runner's system message; it stands before the question, as the runner has it for models without one.
constexpr std::string_view kRole =
    "You are an expert Python programmer. You will be given a question (problem specification) and will "
    "generate a "
    "correct Python program that matches the specification and passes all tests.\n\n";
constexpr std::string_view kWithStarter =
    "You will use the following starter code to write the solution to the problem and enclose your code "
    "within "
    "delimiters.";
constexpr std::string_view kWithoutStarter =
    "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test on "
    "the sample "
    "inputs). Enclose your code within delimiters as follows. Ensure that when the python program runs, it "
    "reads the "
    "inputs, runs the algorithm and writes output to STDOUT.";

std::string prompt_of(const Row& row) {
  const auto starter = row.text_or("starter_code", "");
  return fmt::format(
      "{}### Question:\n{}\n\n### Format: {}\n```python\n{}\n```\n\n### Answer: (use the provided format "
      "with "
      "backticks)\n\n",
      kRole, row.text("question_content"), starter.empty() ? kWithoutStarter : kWithStarter,
      starter.empty() ? "# YOUR CODE HERE" : starter);
}

/// Tests of one column: a JSON list, or the packed form of one.
Json tests_of(const Row& row, std::string_view column) {
  const auto text = row.text_or(column, "[]");
  auto plain = parse_json(text);
  if (plain && plain->is_array()) return *plain;
  try {
    auto packed = parse_json(decode_private_tests(text));
    if (packed && packed->is_array()) return *packed;
  } catch (const Error& error) {
    row.fail(fmt::format("column '{}': {}", column, error.what()));
  }
  row.fail(fmt::format("column '{}' is no list of tests", column));
}

std::string function_of(const Row& row) {
  const auto metadata = parse_json(row.text_or("metadata", "{}"));
  return metadata && metadata->is_object() ? metadata->value("func_name", "") : "";
}

MapRow prepare(const Setting& setting) {
  const std::string release(setting.config.name);
  return [=](const Row& row, Question& out) {
    auto tests = tests_of(row, "public_test_cases");
    for (auto& test : tests_of(row, "private_test_cases")) tests.push_back(std::move(test));
    if (tests.empty()) row.fail("the problem has no tests");
    out.id = row.text("question_id");
    out.question = row.text("question_content");
    out.problem = prompt_of(row);
    out.subject = row.text_or("difficulty", "");
    out.metadata = dump_json({{"release", release},
                              {"platform", row.text_or("platform", "")},
                              {"contest_date", row.text_or("contest_date", "")},
                              {"func_name", function_of(row)},
                              {"tests", std::move(tests)}});
    return true;
  };
}

}  // namespace

const Benchmark& livecodebench() {
  static const Benchmark kBenchmark = {
      .id = "livecodebench",
      .name = "LiveCodeBench",
      .repository = "livecodebench/code_generation_lite",
      .revision = "0fe84c3912ea0c4d4a78037083943e8f0c4dd505",
      .licence = "CC",
      .scorer = "livecodebench",
      .max_tokens = 4096,
      .configs = {{"release_v6", "test*.jsonl", {}, 1'055}, {"release_v1", "test.jsonl", {}, 400}},
      .columns = {{"question_content"},
                  {"question_id"},
                  {"public_test_cases"},
                  {"private_test_cases"},
                  {"starter_code", ColumnKind::Text, false},
                  {"metadata", ColumnKind::Text, false}},
      .prepare = &prepare,
      .has_answers = false,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
