// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/numbers.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/task_metadata.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

/// The rounding of one division (a percentage, a fraction), no more.
constexpr double kRelative = 1e-12;

/// What follows the last "answer is", "Answer:" or "####", up to the end of its line; of a calculation its
/// result.
std::string_view stated_answer(std::string_view text) {
  static const re2::RE2 kStated(R"((?i)(?:answer(?:\s+is)?\s*:?|####))");
  re2::StringPiece rest(text.data(), text.size()), after;
  while (re2::RE2::FindAndConsume(&rest, kStated)) after = rest;
  std::string_view stated(after.data(), after.size());
  stated = stated.substr(0, stated.find('\n'));
  return stated.substr(stated.rfind('=') + 1);
}

std::optional<Number> extract(std::string_view text) {
  if (const auto stated = find_numbers(stated_answer(text)); !stated.empty()) return stated.front();
  if (const auto numbers = find_numbers(text); !numbers.empty()) return numbers.back();
  return last_number_word(text);
}

bool equal(const Number& given, const Number& gold, std::optional<double> tolerance) {
  const auto near = [&](double a, double b) {
    return std::abs(a - b) <= tolerance.value_or(kRelative * std::max(std::abs(a), std::abs(b)));
  };
  // "50" for a reference of "50%", and "50%" for a question that asks how many percent: the sign may be left
  // out.
  const double scale = given.percent == gold.percent ? 1 : given.percent ? 100 : 0.01;
  return near(given.value, gold.value) || near(given.value * scale, gold.value);
}

class Numeric final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const auto metadata = read_task_metadata(task.metadata);
    if (!metadata.problem.empty()) return unscored(metadata.problem);
    const auto gold = find_numbers(task.answer);
    if (gold.size() != 1) return unscored(fmt::format("the reference '{}' is not one number", task.answer));
    const auto text = final_text(response);
    const auto given = extract(text);
    if (!given) return no_answer(task, text, "number");
    return decided(task, equal(*given, gold.front(), metadata.tolerance), given->text);
  }
};

}  // namespace

std::unique_ptr<Scorer> make_numeric() {
  return std::make_unique<Numeric>();
}

}  // namespace ipw::evaluation
