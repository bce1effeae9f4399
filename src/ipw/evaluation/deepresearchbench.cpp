// SPDX-License-Identifier: Apache-2.0
// DeepResearch Bench's RACE: a report beside the report of a reference system, criterion by criterion, with
// the weights of the task (Du et al. 2025, arXiv 2506.11763; github.com/Ayanami0730/deep_research_bench).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/judge_prompt.h"
#include "ipw/evaluation/rubric_graders.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr std::string_view kRubric = "deepresearchbench/1";
constexpr double kMostPoints = 10;
constexpr std::array<std::string_view, 4> kDimensions = {"comprehensiveness", "insight",
                                                         "instruction_following", "readability"};
constexpr std::string_view kInstructions =
    "Two reports answer the same research task. Grade both on each numbered criterion from 0 (nothing of it) "
    "over 5 (adequate) to 10 (could not be better), in steps of a half where needed. Use the whole range, "
    "hold both to the same measure, and grade what is written, not how long it is. Grade every number that "
    "is listed, once.";
constexpr std::string_view kSchema =
    R"({"type":"object","properties":{"grades":{"type":"array","items":{"type":"object","properties":)"
    R"({"number":{"type":"integer"},"reasoning":{"type":"string"},"report_1":{"type":"number"},)"
    R"("report_2":{"type":"number"}},"required":["number","reasoning","report_1","report_2"],)"
    R"("additionalProperties":false}}},"required":["grades"],"additionalProperties":false})";

struct Criterion {
  std::string_view dimension;
  std::string text;
  double weight = 0;  ///< within the whole report; all sum to 1
  std::optional<double> report, reference;
};

/// The criteria of the task, or where the data has none the four dimensions with equal weights.
std::vector<Criterion> read_criteria(std::string_view metadata) {
  const auto object = parse_json(metadata);
  std::vector<Criterion> out;
  const bool known =
      object && object->is_object() && object->contains("criterions") && object->contains("dimension_weight");
  for (const auto dimension : kDimensions) {
    if (!known) {
      out.push_back({dimension, std::string(dimension), 1.0 / kDimensions.size()});
      continue;
    }
    const double weight = (*object)["dimension_weight"].value(std::string(dimension), 0.0);
    const auto list = (*object)["criterions"].value(std::string(dimension), Json::array());
    for (const auto& row : list)
      out.push_back({dimension,
                     fmt::format("{}: {}", row.value("criterion", ""), row.value("explanation", "")),
                     weight * row.value("weight", 0.0)});
  }
  return out;
}

JudgeRequest question(const Task& task, std::string_view report, const std::vector<Criterion>& criteria) {
  std::string listed;
  for (std::size_t i = 0; i < criteria.size(); ++i)
    listed += fmt::format("{}. [{}] {}\n", i + 1, criteria[i].dimension, criteria[i].text);
  JudgeRequest out;
  out.rubric = kRubric;
  out.schema_json = kSchema;
  out.instructions = kInstructions;
  out.form = fmt::format("{}{}", kDataOnly, kSchema);
  out.text = fenced("TASK", bare_question(task), kWhole) + fenced("REPORT 1", report) +
             fenced("REPORT 2", task.answer) + fenced("CRITERIA", listed, kWhole);
  out.max_tokens = 8192;
  return out;
}

std::optional<double> points(const Json& row, const char* key) {
  const auto it = row.find(key);
  if (it == row.end() || !it->is_number()) return std::nullopt;
  const double value = *it;
  return value >= 0 && value <= kMostPoints ? std::optional(value) : std::nullopt;
}

/// The share of the report of all points that both got, of one dimension or (empty) of all.
double share(const std::vector<Criterion>& criteria, std::string_view dimension) {
  double report = 0, reference = 0;
  for (const Criterion& criterion : criteria) {
    if (!dimension.empty() && criterion.dimension != dimension) continue;
    report += criterion.weight * *criterion.report;
    reference += criterion.weight * *criterion.reference;
  }
  return report + reference > 0 ? report / (report + reference) : 0;
}

Verdict verdict(const Task& task, const std::vector<Criterion>& criteria) {
  const auto open = std::ranges::count_if(
      criteria, [](const Criterion& criterion) { return !criterion.report || !criterion.reference; });
  if (open > 0)
    return unscored(fmt::format("the judge left {} of {} criteria without grades", open, criteria.size()));
  Json metadata = {{"class", "judged"}, {"rubric", kRubric}};
  for (const auto dimension : kDimensions) metadata[dimension] = share(criteria, dimension);
  if (task.finish_reason == "length") metadata["truncated"] = true;
  Verdict out;
  out.score = share(criteria, {});
  out.correct = *out.score >= 0.5;
  out.metadata = dump_json(metadata);
  return out;
}

class DeepResearchBench final : public Grader {
 public:
  Verdict grade(const Task& task, std::string_view response, const Help& help) const override {
    if (trim(task.answer).empty()) return unscored("the question has no reference report");
    const auto report = final_text(response);
    if (trim(report).empty()) return no_answer(task, report, "report");
    if (!help.judge) return unscored("this rule needs a judge and none was given");
    auto criteria = read_criteria(task.metadata);
    const auto reply = help.judge->ask(question(task, report, criteria));
    if (!reply.text) return unscored("judge: " + reply.error);
    const auto rows = numbered_rows(*reply.text, "grades", 1, criteria.size());
    if (!rows) return unscored("the judge's reply is no list of grades: " + reply.text->substr(0, 200));
    for (const auto& [number, row] : *rows) {
      criteria[number - 1].report = points(row, "report_1");
      criteria[number - 1].reference = points(row, "report_2");
    }
    return verdict(task, criteria);
  }
};

}  // namespace

std::unique_ptr<Grader> make_deepresearchbench() {
  return std::make_unique<DeepResearchBench>();
}

}  // namespace ipw::evaluation
