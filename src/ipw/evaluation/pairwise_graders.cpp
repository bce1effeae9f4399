// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/pairwise_graders.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/judge_prompt.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

/// What a judge may choose: what the first answer gets of how many battles.
struct Choice {
  std::string_view label;
  double first;
  int battles;
};
constexpr Choice kThree[] = {{"A", 1, 1}, {"B", 0, 1}, {"tie", 0.5, 1}};
/// Much better counts as three battles (show_result.py of github.com/lmarena/arena-hard-auto).
constexpr Choice kFive[] = {{"A>>B", 1, 3}, {"A>B", 1, 1}, {"A=B", 0.5, 1}, {"B>A", 0, 1}, {"B>>A", 0, 3}};

struct Rubric {
  std::string_view id, instructions;
  std::span<const Choice> choices;
  int max_tokens;
};

constexpr Rubric kWildChat = {
    "wildchat/1",
    "Two assistants answered the same message. Decide whose answer serves its writer better: correct, "
    "helpful, to the point, complete where it must be, and in the language that was asked for. Length and "
    "the order in which the answers stand do not count. \"A\": the first is better. \"B\": the second is "
    "better. \"tie\": neither is.",
    kThree, 1024};
constexpr Rubric kArenaHard = {
    "arena-hard/1",
    "Two assistants answered the same prompt. First work out what a good answer must hold, and, where the "
    "prompt has a right answer, find it yourself. Then compare: name mistakes, see whether each does what "
    "was asked, helps with it, keeps to it and says it without waste; in creative work judge also craft and "
    "novelty; last see what is missing. Length and the order in which the answers stand do not count. "
    "\"A>>B\": the first is much better. \"A>B\": somewhat better. \"A=B\": about the same. \"B>A\": the "
    "second is somewhat better. \"B>>A\": much better.",
    kFive, 4096};

std::string schema(const Rubric& rubric) {
  Json labels = Json::array();
  for (const auto& choice : rubric.choices) labels.push_back(choice.label);
  const Json properties = {{"reasoning", {{"type", "string"}}},
                           {"better", {{"type", "string"}, {"enum", labels}}}};
  return dump_json({{"type", "object"},
                    {"properties", properties},
                    {"required", {"reasoning", "better"}},
                    {"additionalProperties", false}});
}

JudgeRequest comparison(const Rubric& rubric, const Task& task, std::string_view first,
                        std::string_view second) {
  JudgeRequest out;
  out.rubric = rubric.id;
  out.schema_json = schema(rubric);
  out.instructions = rubric.instructions;
  out.form = fmt::format("{}{}", kDataOnly, out.schema_json);
  out.text = fenced("MESSAGE", bare_question(task)) + fenced("ANSWER A", first) + fenced("ANSWER B", second);
  out.max_tokens = rubric.max_tokens;
  return out;
}

/// One order, as the response sees it.
struct Outcome {
  double points = 0;  ///< 1 better, 0.5 neither, 0 worse
  int battles = 0;
  std::string reasoning, error;

  const char* grade() const { return points > 0.5 ? "win" : points < 0.5 ? "loss" : "tie"; }
};

Outcome compare(Judge& judge, const Rubric& rubric, const JudgeRequest& request, bool response_is_first) {
  Outcome out;
  const auto reply = judge.ask(request);
  if (!reply.text) {
    out.error = "judge: " + reply.error;
    return out;
  }
  const auto object = parse_json(*reply.text);
  const auto better = object && object->is_object() ? object->value("better", "") : "";
  const auto choice = std::ranges::find(rubric.choices, better, &Choice::label);
  if (choice == rubric.choices.end()) {
    out.error = fmt::format("the judge chose \"{}\", which {} does not know", better, rubric.id);
    return out;
  }
  out.points = response_is_first ? choice->first : 1 - choice->first;
  out.battles = choice->battles;
  out.reasoning = object->value("reasoning", "");
  return out;
}

/// Better in one order and as much worse in the other is a tie: the judge looked at the order.
Verdict verdict(const Rubric& rubric, const Task& task, const Outcome& first, const Outcome& second) {
  const int battles = first.battles + second.battles;
  const double points = first.points * first.battles + second.points * second.battles;
  const double score = points / battles;
  const auto* grade = score > 0.5 ? "win" : score < 0.5 ? "loss" : "tie";
  Json metadata = {{"class", "judged"},
                   {"rubric", rubric.id},
                   {"grade", grade},
                   {"orders", {first.grade(), second.grade()}},
                   {"consistent", std::string_view(first.grade()) == second.grade()}};
  if (rubric.choices.size() > std::size(kThree)) metadata["battles"] = battles;
  if (task.finish_reason == "length") metadata["truncated"] = true;
  Verdict out;
  out.correct = score > 0.5;
  out.score = score;
  out.reason = first.reasoning;
  out.metadata = dump_json(metadata);
  return out;
}

class PairwiseGrader final : public Grader {
 public:
  explicit PairwiseGrader(const Rubric& rubric) : rubric_(rubric) {}

  Verdict grade(const Task& task, std::string_view response, const Help& help) const override {
    if (trim(task.answer).empty()) return unscored("the question has no reference answer");
    const auto text = final_text(response);
    if (trim(text).empty()) return no_answer(task, text, "answer");
    if (!help.judge) return unscored("this rule needs a judge and none was given");
    const auto first = compare(*help.judge, rubric_, comparison(rubric_, task, text, task.answer), true);
    if (!first.error.empty()) return unscored(first.error);
    const auto second = compare(*help.judge, rubric_, comparison(rubric_, task, task.answer, text), false);
    if (!second.error.empty()) return unscored(second.error);
    return verdict(rubric_, task, first, second);
  }

 private:
  const Rubric& rubric_;
};

}  // namespace

std::unique_ptr<Grader> make_arena_hard() {
  return std::make_unique<PairwiseGrader>(kArenaHard);
}
std::unique_ptr<Grader> make_wildchat() {
  return std::make_unique<PairwiseGrader>(kWildChat);
}

}  // namespace ipw::evaluation
