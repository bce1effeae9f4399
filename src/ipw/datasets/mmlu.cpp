// SPDX-License-Identifier: Apache-2.0
// MMLU (Hendrycks et al. 2021, arXiv 2009.03300) with the prompt of EleutherAI/lm-evaluation-harness: the
// description of the subject and the first five questions of its dev split.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

std::string correct(const Row& row) {
  const auto answer = row.integer("answer");
  if (answer < 0 || answer > 3) row.fail(fmt::format("the answer {} is not in 0 to 3", answer));
  return letter(static_cast<std::size_t>(answer));
}

std::string ask(const Row& row) {
  const auto choices = row.texts("choices");
  if (choices.size() != 4) row.fail(fmt::format("{} choices instead of 4", choices.size()));
  return fmt::format("{}\n{}Answer:", trim(row.text("question")), option_lines(choices));
}

std::pair<std::string, std::string> example(const Row& row) {
  return {row.text("subject"), fmt::format("{} {}\n\n", ask(row), correct(row))};
}

constexpr std::string_view kSubjects[] = {"abstract_algebra",
                                          "anatomy",
                                          "astronomy",
                                          "business_ethics",
                                          "clinical_knowledge",
                                          "college_biology",
                                          "college_chemistry",
                                          "college_computer_science",
                                          "college_mathematics",
                                          "college_medicine",
                                          "college_physics",
                                          "computer_security",
                                          "conceptual_physics",
                                          "econometrics",
                                          "electrical_engineering",
                                          "elementary_mathematics",
                                          "formal_logic",
                                          "global_facts",
                                          "high_school_biology",
                                          "high_school_chemistry",
                                          "high_school_computer_science",
                                          "high_school_european_history",
                                          "high_school_geography",
                                          "high_school_government_and_politics",
                                          "high_school_macroeconomics",
                                          "high_school_mathematics",
                                          "high_school_microeconomics",
                                          "high_school_physics",
                                          "high_school_psychology",
                                          "high_school_statistics",
                                          "high_school_us_history",
                                          "high_school_world_history",
                                          "human_aging",
                                          "human_sexuality",
                                          "international_law",
                                          "jurisprudence",
                                          "logical_fallacies",
                                          "machine_learning",
                                          "management",
                                          "marketing",
                                          "medical_genetics",
                                          "miscellaneous",
                                          "moral_disputes",
                                          "moral_scenarios",
                                          "nutrition",
                                          "philosophy",
                                          "prehistory",
                                          "professional_accounting",
                                          "professional_law",
                                          "professional_medicine",
                                          "professional_psychology",
                                          "public_relations",
                                          "security_studies",
                                          "sociology",
                                          "us_foreign_policy",
                                          "virology",
                                          "world_religions"};
static_assert(std::size(kSubjects) == 57);

std::string chosen_subject(const Params& params) {
  auto subject = params.text("subject", "");
  if (subject.empty() || std::ranges::find(kSubjects, subject) != std::end(kSubjects)) return subject;
  const auto near = near_names(subject, kSubjects);
  throw Error(ErrorCode::Usage, fmt::format("dataset 'mmlu' has no subject '{}'", subject),
              near.empty() ? "subjects are written like abstract_algebra"
                           : fmt::format("near: {}", fmt::join(near, ", ")));
}

MapRow prepare(const Setting& setting) {
  Examples shots;
  if (setting.shots > 0) shots = collect_examples(*setting.examples(), setting.shots, &example);
  const auto only = chosen_subject(setting.params);
  return [=](const Row& row, Question& out) {
    out.subject = row.text("subject");
    if (!only.empty() && out.subject != only) return false;
    const auto it = shots.find(out.subject);
    out.problem =
        fmt::format("The following are multiple choice questions (with answers) about {}.\n\n{}{}",
                    replace_all(out.subject, "_", " "), it == shots.end() ? "" : it->second, ask(row));
    out.question = row.text("question");
    out.choices = row.texts("choices");
    out.answer = correct(row);
    return true;
  };
}

}  // namespace

const Benchmark& mmlu() {
  static const Benchmark kBenchmark = {
      .id = "mmlu",
      .name = "MMLU",
      .repository = "cais/mmlu",
      .revision = "c30699e8356da336a370243923dbaf21066bb9fe",
      .licence = "MIT",
      .scorer = "multiple-choice",
      .max_tokens = 256,
      .configs = {{"all", "all/test-*.parquet", "all/dev-*.parquet", 14'042}},
      .columns = {{"question"}, {"subject"}, {"choices", ColumnKind::Texts}, {"answer", ColumnKind::Number}},
      .shots = 5,
      .max_shots = 5,
      .params = {"subject"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
