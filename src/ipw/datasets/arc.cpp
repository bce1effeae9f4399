// SPDX-License-Identifier: Apache-2.0
// ARC (Clark et al. 2018, arXiv 1803.05457) with the generative prompt of EleutherAI/lm-evaluation-harness
// (arc_challenge_chat).
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

std::vector<std::string> texts(const Row& row, const char* key) {
  const auto& choices = row.object("choices");
  if (!choices.contains(key) || !choices[key].is_array())
    row.fail(fmt::format("column 'choices' has no list '{}'", key));
  return Row(choices, row.place()).texts(key);
}

/// The letter of the option whose label, a letter or a number, the key names.
std::string correct(const Row& row) {
  const auto labels = texts(row, "label");
  const auto key = row.text("answerKey");
  const auto it = std::ranges::find(labels, key);
  if (it == labels.end())
    row.fail(fmt::format("the answer '{}' is none of the labels {}", key, join(labels, ", ")));
  return letter(static_cast<std::size_t>(it - labels.begin()));
}

std::string official(const std::string& question, const std::vector<std::string>& options) {
  return fmt::format(
      "Given the following question and four candidate answers (A, B, C and D), choose the best answer.\n"
      "Question: {}\n{}Your response should end with \"The best answer is [the_answer_letter]\" where the "
      "[the_answer_letter] is one of A, B, C or D.",
      trim(question), option_lines(options));
}

MapRow prepare(const Setting&) {
  return [](const Row& row, Question& out) {
    out.id = row.text("id");
    out.question = row.text("question");
    out.choices = texts(row, "text");
    out.answer = correct(row);
    out.problem = official(out.question, out.choices);
    out.subject = "science";
    return true;
  };
}

}  // namespace

const Benchmark& arc() {
  static const Benchmark kBenchmark = {
      .id = "arc",
      .name = "ARC",
      .repository = "allenai/ai2_arc",
      .revision = "210d026faf9955653af8916fad021475a3f00453",
      .licence = "CC-BY-SA-4.0",
      .scorer = "multiple-choice",
      .max_tokens = 512,
      .configs = {{"challenge", "ARC-Challenge/test-*.parquet", {}, 1'172},
                  {"easy", "ARC-Easy/test-*.parquet", {}, 2'376}},
      .columns = {{"id"}, {"question"}, {"choices", ColumnKind::Object}, {"answerKey"}},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
