// SPDX-License-Identifier: Apache-2.0
// GSM8K's two filters as lm-evaluation-harness has them (lm_eval/tasks/gsm8k, version 3): texts are compared,
// not values.
#include <re2/re2.h>

#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

/// The first number after "#### ", or empty.
std::string strict_match(std::string_view text) {
  static const re2::RE2 kStrict(R"(#### (\-?[0-9\.\,]+))");
  std::string number;
  re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), kStrict, &number);
  return number;
}

/// The last run of digits, "$", "." and ",", or empty.
std::string flexible_extract(std::string_view text) {
  static const re2::RE2 kFlexible(R"((-?[$0-9.,]{2,}|-?[0-9]+))");
  re2::StringPiece rest(text.data(), text.size());
  std::string number;
  while (re2::RE2::FindAndConsume(&rest, kFlexible, &number)) continue;
  return number;
}

/// What exact_match compares: without commas, dollars, everything up to the last "#### " and one final full
/// stop.
std::string comparable(std::string_view text) {
  auto plain = replace_all(replace_all(to_lower_ascii(text), ",", ""), "$", "");
  if (const auto mark = plain.rfind("#### "); mark != std::string::npos) plain.erase(0, mark + 5);
  if (plain.ends_with('.')) plain.pop_back();
  return plain;
}

class Gsm8k final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const auto gold = comparable(trim(task.answer));
    if (gold.empty()) return unscored("the question has no reference");
    const auto text = final_text(response);
    const auto strict = strict_match(text), flexible = flexible_extract(text);
    if (flexible.empty()) return no_answer(task, text, "number");
    auto verdict = decided(task, comparable(flexible) == gold, flexible);
    add_metadata(verdict, "strict_match", !strict.empty() && comparable(strict) == gold);
    add_metadata(verdict, "flexible_extract", *verdict.correct);
    return verdict;
  }
};

}  // namespace

std::unique_ptr<Scorer> make_gsm8k() {
  return std::make_unique<Gsm8k>();
}

}  // namespace ipw::evaluation
