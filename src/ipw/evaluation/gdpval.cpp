// SPDX-License-Identifier: Apache-2.0
// GDPval: the points of the task's rubric (Patwardhan et al. 2025, arXiv 2510.04374; openai/gdpval on the
// hub, column rubric_json).
#include <fmt/format.h>

#include <algorithm>
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

constexpr std::string_view kRubric = "gdpval/2";
constexpr std::size_t kAtOnce = 10;
constexpr double kPass = 0.5;
constexpr std::string_view kInstructions =
    "A person of the trade gave a task, and a rubric of criteria for what is delivered. For each numbered "
    "criterion decide from the delivered work alone whether it is met in full. The work is the closing "
    "message and the text of the files that were delivered, each under its name. What is announced but not "
    "delivered is not met. Criteria of negative points describe faults: such a one is met where the work has "
    "the fault. Decide on every number that is listed, once.";
constexpr std::string_view kSchema =
    R"({"type":"object","properties":{"criteria":{"type":"array","items":{"type":"object","properties":)"
    R"({"number":{"type":"integer"},"reasoning":{"type":"string"},"met":{"type":"boolean"}},)"
    R"("required":["number","reasoning","met"],"additionalProperties":false}}},)"
    R"("required":["criteria"],"additionalProperties":false})";

struct Criterion {
  std::string text;
  double points = 1;
  bool required = false;
  std::optional<bool> met;
};

/// The items of a rubric: a list, or an object that holds one.
Json items_of(const Json& rubric) {
  if (rubric.is_array()) return rubric;
  if (rubric.is_object())
    for (const auto* key : {"rubric", "criteria", "items"})
      if (const auto it = rubric.find(key); it != rubric.end() && it->is_array()) return *it;
  return Json::array();
}

/// None where the metadata has no rubric that can be read.
std::vector<Criterion> read_rubric(std::string_view metadata) {
  const auto object = parse_json(metadata);
  if (!object || !object->is_object()) return {};
  const auto rubric = parse_json(object->value("rubric_json", ""));
  if (!rubric) return {};
  std::vector<Criterion> out;
  for (const auto& item : items_of(*rubric)) {
    if (!item.is_object() || !item.contains("criterion") || !item["criterion"].is_string()) return {};
    Criterion criterion{item["criterion"]};
    if (const auto score = item.find("score"); score != item.end() && score->is_number())
      criterion.points = *score;
    if (const auto required = item.find("required"); required != item.end() && required->is_boolean())
      criterion.required = *required;
    out.push_back(std::move(criterion));
  }
  return out;
}

/// The delivered files, each cut to its part of the space where they are too long together.
std::string files_of(const Task& task) {
  std::string out;
  const auto most = kMostJudgedBytes / std::max<std::size_t>(task.deliverables.size(), 1);
  for (const auto& file : task.deliverables) {
    const auto text =
        file.unread.empty() ? file.text : fmt::format("[{}: its text is not shown]", file.unread);
    out += fenced("FILE", fmt::format("{}\n\n{}", file.name, cut_middle(text, most)), kWhole);
  }
  return out;
}

/// The rubric and the task are always whole (defect S22); of the work the middle may be left out.
JudgeRequest question(const Task& task, std::string_view work, const std::vector<Criterion>& criteria,
                      std::size_t begin, std::size_t end) {
  std::string listed;
  for (std::size_t i = begin; i < end; ++i)
    listed += fmt::format("{}. ({:+g}) {}\n", i + 1, criteria[i].points, criteria[i].text);
  JudgeRequest out;
  out.rubric = kRubric;
  out.schema_json = kSchema;
  out.instructions = kInstructions;
  out.form = fmt::format("{}{}", kDataOnly, kSchema);
  out.text = fenced("TASK", bare_question(task), kWhole) + fenced("WORK", work) + files_of(task) +
             fenced("CRITERIA", listed, kWhole);
  out.max_tokens = 4096;
  return out;
}

/// Note what the judge decided on [begin, end); what it left out stays open. The error, or nothing.
std::string note_decisions(const std::string& reply, std::size_t begin, std::size_t end,
                           std::vector<Criterion>& criteria) {
  const auto rows = numbered_rows(reply, "criteria", begin + 1, end);
  if (!rows) return "the judge's reply is no list of criteria: " + reply.substr(0, 200);
  for (const auto& [number, row] : *rows)
    if (const auto met = row.find("met"); met != row.end() && met->is_boolean())
      criteria[number - 1].met = met->get<bool>();
  return {};
}

struct Tally {
  double most = 0, achieved = 0;
  std::size_t open = 0, required_failures = 0;
  double score() const { return most > 0 ? std::clamp(achieved / most, 0.0, 1.0) : 0; }
};

Tally tally_of(const std::vector<Criterion>& criteria) {
  Tally out;
  for (const Criterion& criterion : criteria) {
    out.most += std::max(0.0, criterion.points);
    if (!criterion.met) ++out.open;
    if (criterion.met.value_or(false)) out.achieved += criterion.points;
    if (criterion.required && criterion.met == std::optional(false)) ++out.required_failures;
  }
  return out;
}

/// Names of the files, those apart that the judge could not be shown.
void name_files(const Task& task, Json& metadata) {
  const auto most = kMostJudgedBytes / std::max<std::size_t>(task.deliverables.size(), 1);
  for (const auto& file : task.deliverables) {
    metadata[file.unread.empty() ? "deliverables" : "deliverables_unread"].push_back(file.name);
    if (file.text.size() > most) metadata["deliverables_cut_to_bytes"] = most;
  }
}

Verdict verdict(const Task& task, std::string_view work, const std::vector<Criterion>& criteria) {
  const Tally tally = tally_of(criteria);
  Json decisions = Json::array();
  for (const Criterion& criterion : criteria)
    decisions.push_back({{"criterion", criterion.text},
                         {"points", criterion.points},
                         {"met", criterion.met ? Json(*criterion.met) : Json()}});
  Json metadata = {{"class", "judged"},        {"rubric", kRubric},
                   {"points", tally.achieved}, {"max_points", tally.most},
                   {"pass_threshold", kPass},  {"required_failures", tally.required_failures},
                   {"criteria", decisions}};
  if (work.size() > kMostJudgedBytes) metadata["work_cut_to_bytes"] = kMostJudgedBytes;
  if (task.finish_reason == "length") metadata["truncated"] = true;
  name_files(task, metadata);
  Verdict out;
  out.metadata = dump_json(metadata);
  if (tally.open > 0) {
    out.reason = fmt::format("the judge left {} of {} criteria undecided", tally.open, criteria.size());
    return out;
  }
  out.score = tally.score();
  out.correct = tally.required_failures == 0 && *out.score >= kPass;
  return out;
}

/// Files alone decide where none of them can be shown: a criterion that is about them cannot be decided.
std::string unreadable(const Task& task) {
  const auto& files = task.deliverables;
  if (files.empty() || !std::ranges::all_of(files, [](const auto& f) { return !f.unread.empty(); }))
    return {};
  return fmt::format("no delivered file can be shown to the judge, such as {}: {}", files.front().name,
                     files.front().unread);
}

class Gdpval final : public Grader {
 public:
  Verdict grade(const Task& task, std::string_view response, const Help& help) const override {
    auto criteria = read_rubric(task.metadata);
    if (criteria.empty()) return unscored("the task has no rubric: this revision of the data has none");
    const auto work = final_text(response);
    if (trim(work).empty() && task.deliverables.empty()) return no_answer(task, work, "work");
    if (const auto why = unreadable(task); !why.empty()) return unscored(why);
    if (!help.judge) return unscored("this rule needs a judge and none was given");
    for (std::size_t begin = 0; begin < criteria.size(); begin += kAtOnce) {
      const auto end = std::min(criteria.size(), begin + kAtOnce);
      const auto reply = help.judge->ask(question(task, work, criteria, begin, end));
      if (!reply.text) return unscored("judge: " + reply.error);
      if (const auto error = note_decisions(*reply.text, begin, end, criteria); !error.empty())
        return unscored(error);
    }
    return verdict(task, work, criteria);
  }
};

}  // namespace

std::unique_ptr<Grader> make_gdpval() {
  return std::make_unique<Gdpval>();
}

}  // namespace ipw::evaluation
