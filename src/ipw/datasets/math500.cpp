// SPDX-License-Identifier: Apache-2.0
// MATH-500 (Lightman et al. 2023, arXiv 2305.20050; problems of Hendrycks et al. 2021) with the prompt of
// openai/simple-evals.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

MapRow prepare(const Setting& setting) {
  const bool is_official = setting.prompt == "official";
  return [=](const Row& row, Question& out) {
    out.id = row.text_or("unique_id", "");
    out.question = row.text("problem");
    out.problem =
        is_official
            ? fmt::format(
                  "Solve the following math problem step by step. The last line of your response should be "
                  "of "
                  "the form Answer: $ANSWER (without quotes) where $ANSWER is the answer to the problem.\n\n"
                  "{}\n\nRemember to put your answer on its own line after \"Answer:\", and you do not need "
                  "to use a \\boxed command.",
                  out.question)
            : fmt::format("Solve this problem step by step and state the final answer clearly.\n\n{}",
                          out.question);
    out.answer = row.text("answer");
    out.subject = row.text_or("subject", "Mathematics");
    out.metadata = dump_json({{"level", row.text_or("level", "")}});
    return true;
  };
}

}  // namespace

const Benchmark& math500() {
  static const Benchmark kBenchmark = {
      .id = "math500",
      .name = "MATH-500",
      .repository = "HuggingFaceH4/MATH-500",
      .revision = "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
      .licence = "MIT",
      .scorer = "math",
      .max_tokens = 4096,
      .configs = {{.name = "default",
                   .questions = "test.jsonl",
                   .size = 500,
                   .sha256 = "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132"}},
      .columns = {{"problem"},
                  {"answer"},
                  {"subject", ColumnKind::Text, false},
                  {"level", ColumnKind::Number, false},
                  {"unique_id", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
