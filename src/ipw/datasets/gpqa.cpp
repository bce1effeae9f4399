// SPDX-License-Identifier: Apache-2.0
// GPQA (Rein et al. 2023, arXiv 2311.12022) with prompt and order of options of openai/simple-evals.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ipw/base/python_random.h"
#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

constexpr std::uint32_t kOfficialSeed = 0;

std::string official(const std::string& question, const std::vector<std::string>& options) {
  return fmt::format(
      "Answer the following multiple choice question. The last line of your response should be of the "
      "following "
      "format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before "
      "answering.\n\n{}\n\nA) {}\nB) {}\nC) {}\nD) {}",
      question, options[0], options[1], options[2], options[3]);
}

/// As the Python suite asks: the letter only, without reasoning.
std::string original(const std::string& question, const std::vector<std::string>& options) {
  return fmt::format(
      "Answer this graduate-level question from the options.\n\n{}\n\n{}\nGive the letter of the correct "
      "option only.",
      question, option_lines(options));
}

MapRow prepare(const Setting& setting) {
  const auto seed = setting.params.integer("option_seed").value_or(kOfficialSeed);
  auto random = std::make_shared<PythonRandom>(static_cast<std::uint32_t>(seed));
  const bool is_official = setting.prompt == "official";
  return [=](const Row& row, Question& out) {
    const std::vector<std::string> listed = {row.text("Correct Answer"), row.text("Incorrect Answer 1"),
                                             row.text("Incorrect Answer 2"), row.text("Incorrect Answer 3")};
    const auto order = random->permutation(listed.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      out.choices.push_back(listed[order[i]]);
      if (order[i] == 0) out.answer = letter(i);
    }
    out.id = row.text_or("Record ID", "");
    out.question = row.text("Question");
    out.problem = is_official ? official(out.question, out.choices) : original(out.question, out.choices);
    out.subject = row.text_or("Subdomain", row.text_or("High-level domain", "STEM"));
    out.metadata = dump_json(
        {{"domain", row.text_or("High-level domain", "")}, {"option_order", order}, {"option_seed", seed}});
    return true;
  };
}

}  // namespace

const Benchmark& gpqa() {
  static const Benchmark kBenchmark = {
      .id = "gpqa",
      .name = "GPQA",
      .repository = "Idavidrein/gpqa",
      .revision = "5233cd1db58884ed0bf678c7c6be731722a23f84",
      .licence = "CC-BY-4.0",
      .access = Access::Gated,
      .scorer = "gpqa",
      .max_tokens = 4096,
      .configs = {{"diamond", "gpqa_diamond.csv", {}, 198},
                  {"main", "gpqa_main.csv", {}, 448},
                  {"extended", "gpqa_extended.csv", {}, 546}},
      .columns = {{"Question"},
                  {"Correct Answer"},
                  {"Incorrect Answer 1"},
                  {"Incorrect Answer 2"},
                  {"Incorrect Answer 3"},
                  {"Record ID", ColumnKind::Text, false},
                  {"Subdomain", ColumnKind::Text, false},
                  {"High-level domain", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .params = {"option_seed"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
