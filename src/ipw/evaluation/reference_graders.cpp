// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/reference_graders.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/judge_prompt.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

/// How a benchmark words its question to the judge, and which grades it knows.
struct Rubric {
  std::string_view id, instructions;
  std::string_view right, wrong, abstained;  ///< abstained: empty where the benchmark has no such grade
  bool extracts;                             ///< the judge also states the final answer and its confidence
};

constexpr Rubric kSimpleQa = {"simpleqa/1",
                              "Grade a response to a question of fact against the reference answer. "
                              "\"correct\": it states everything that "
                              "the reference states and contradicts none of it; hedging, other wording, "
                              "spelling and extra detail do not "
                              "matter. \"incorrect\": some statement contradicts the reference, even when "
                              "hedged. \"not_attempted\": the "
                              "reference is not fully stated and nothing contradicts it.",
                              "correct",
                              "incorrect",
                              "not_attempted",
                              false};
constexpr Rubric kFrames = {
    "frames/1",
    "Decide whether a response contains the reference answer to a question. Substance counts, wording, case "
    "and "
    "punctuation do not; numbers must agree. Do not use knowledge of your own. \"true\": the meaning and the "
    "vital facts of the reference are there. \"false\": they are not.",
    "true",
    "false",
    "",
    false};
constexpr Rubric kEquivalence = {
    "equivalence/1",
    "Decide whether the final answer of a response means the same as the reference answer to the question. "
    "Do not "
    "solve the question. \"same\": equal in meaning or value, whatever the form. \"different\": not equal, "
    "ambiguous, or no final answer is given.",
    "same",
    "different",
    "",
    false};
constexpr Rubric kNaturalReasoning = {
    "natural-reasoning/1",
    "Decide whether the conclusion of a response agrees with the reference answer to a question that needs "
    "reasoning. Only the conclusion counts, not the way to it. \"same\": it agrees in substance, with equal "
    "values where there are numbers. \"different\": it does not, or there is no conclusion.",
    "same",
    "different",
    "",
    false};
constexpr Rubric kHle = {
    "hle/1",
    "Find the final answer that a response gives to a question and compare it with the reference answer. Do "
    "not "
    "solve the question. \"yes\": the two agree, small rounding differences of numbers allowed. \"no\": they "
    "differ, are ambiguous, or there is no final answer. State the final answer (or \"none\") and the "
    "confidence "
    "in percent that the response itself claims, 100 where it claims none.",
    "yes",
    "no",
    "",
    true};
constexpr Rubric kBrowseComp = {
    "browsecomp/1",
    "Find the exact final answer that a response gives to a question and compare it with the reference "
    "answer "
    "only. \"yes\": they name the same thing. \"no\": they do not, or there is no final answer. State the "
    "final "
    "answer (or \"none\") and the confidence in percent that the response claims, 100 where it claims none.",
    "yes",
    "no",
    "",
    true};

std::string schema(const Rubric& rubric) {
  Json grades = {rubric.right, rubric.wrong};
  if (!rubric.abstained.empty()) grades.push_back(rubric.abstained);
  Json properties = Json::object(), required = Json::array();
  const auto add = [&](const char* key, Json type) {
    properties[key] = std::move(type);
    required.push_back(key);
  };
  if (rubric.extracts) add("final_answer", {{"type", "string"}});
  add("reasoning", {{"type", "string"}});
  add("grade", {{"type", "string"}, {"enum", grades}});
  if (rubric.extracts) add("confidence", {{"type", "number"}, {"minimum", 0}, {"maximum", 100}});
  return dump_json({{"type", "object"},
                    {"properties", properties},
                    {"required", required},
                    {"additionalProperties", false}});
}

JudgeRequest question_to_judge(const Rubric& rubric, const Task& task, std::string_view text) {
  JudgeRequest out;
  out.rubric = rubric.id;
  out.schema_json = schema(rubric);
  out.instructions = rubric.instructions;
  out.form = fmt::format("{}{}", kDataOnly, out.schema_json);
  out.text =
      fenced("QUESTION", bare_question(task)) + fenced("REFERENCE", task.answer) + fenced("RESPONSE", text);
  return out;
}

/// A grade in any spelling: "Not attempted" is not_attempted.
std::string grade_of(const Json& object) {
  auto grade = to_lower_ascii(std::string(trim(text_at(object, "grade"))));
  std::ranges::replace_if(
      grade, [](char c) { return c == ' ' || c == '-'; }, '_');
  return grade;
}

/// What the judge wrote as a verdict; a grade that the rubric does not know is no grade.
Verdict read_reply(const Rubric& rubric, const Task& task, const std::string& reply) {
  const auto object = parse_json(reply);
  if (!object || !object->is_object())
    return unscored("the judge's reply is no JSON object: " + reply.substr(0, 200));
  const auto grade = grade_of(*object);
  const bool known = grade == rubric.right || grade == rubric.wrong || grade == rubric.abstained;
  if (grade.empty() || !known)
    return unscored(fmt::format("the judge gave the grade \"{}\", which {} does not know", grade, rubric.id));
  Json metadata = {{"class", "judged"}, {"rubric", rubric.id}, {"grade", grade}};
  if (task.finish_reason == "length") metadata["truncated"] = true;
  const auto confidence = object->find("confidence");
  if (rubric.extracts && confidence != object->end() && confidence->is_number())
    metadata["confidence"] = confidence->get<double>();
  Verdict out;
  out.correct = grade == rubric.right;
  out.extracted = text_at(*object, "final_answer");
  out.reason = text_at(*object, "reasoning");
  out.metadata = dump_json(metadata);
  return out;
}

class ReferenceGrader final : public Grader {
 public:
  explicit ReferenceGrader(const Rubric& rubric) : rubric_(rubric) {}

  Verdict grade(const Task& task, std::string_view response, const Help& help) const override {
    if (trim(task.answer).empty()) return unscored("the question has no reference answer");
    const auto text = final_text(response);
    if (trim(text).empty()) return without_answer(task, text);
    if (!help.judge) return unscored("this rule needs a judge and none was given");
    const auto reply = help.judge->ask(question_to_judge(rubric_, task, text));
    if (!reply.text) return unscored("judge: " + reply.error);
    return read_reply(rubric_, task, *reply.text);
  }

 private:
  /// An empty answer is decided without the judge.
  Verdict without_answer(const Task& task, std::string_view text) const {
    auto out = no_answer(task, text, "answer");
    if (!rubric_.abstained.empty())
      out.metadata = dump_json(
          {{"class", no_answer_class(task, text)}, {"rubric", rubric_.id}, {"grade", rubric_.abstained}});
    return out;
  }

  const Rubric& rubric_;
};

}  // namespace

std::unique_ptr<Grader> make_browsecomp() {
  return std::make_unique<ReferenceGrader>(kBrowseComp);
}
std::unique_ptr<Grader> make_equivalence() {
  return std::make_unique<ReferenceGrader>(kEquivalence);
}
std::unique_ptr<Grader> make_frames() {
  return std::make_unique<ReferenceGrader>(kFrames);
}
std::unique_ptr<Grader> make_hle() {
  return std::make_unique<ReferenceGrader>(kHle);
}
std::unique_ptr<Grader> make_natural_reasoning() {
  return std::make_unique<ReferenceGrader>(kNaturalReasoning);
}
std::unique_ptr<Grader> make_simpleqa() {
  return std::make_unique<ReferenceGrader>(kSimpleQa);
}

}  // namespace ipw::evaluation
