// SPDX-License-Identifier: Apache-2.0
// GAIA's quasi-exact match (scorer.py of the leaderboard, huggingface.co/spaces/gaia-benchmark/leaderboard),
// with what Python's float() and string methods do.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/python_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// As Python's float(): white space around, underscores between digits, inf and nan in any case.
std::optional<double> python_float(std::string_view text) {
  static const re2::RE2 kNumber(fmt::format(
      R"({0}*([+-]?)((?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?|(?i:inf|infinity|nan)){0}*)",
      python::kSpace));
  std::string sign, digits;
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kNumber, &sign, &digits))
    return std::nullopt;
  std::erase(digits, '_');
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code == std::errc::result_out_of_range) value = std::numeric_limits<double>::infinity();
  return sign == "-" ? -value : value;
}

/// A number without "$", "%" and commas; infinity where it is none.
double normalised_number(std::string_view text) {
  std::string plain(text);
  std::erase_if(plain, [](char c) { return c == '$' || c == '%' || c == ','; });
  return python_float(plain).value_or(std::numeric_limits<double>::infinity());
}

std::string normalised_text(std::string_view text, bool without_punctuation) {
  static const re2::RE2 kSpace(fmt::format("{}+", python::kSpace));
  std::string out = python::lower(text);
  re2::RE2::GlobalReplace(&out, kSpace, "");
  if (without_punctuation)
    std::erase_if(out, [](char c) { return c > ' ' && c < 0x7F && !is_digit(c) && !(c >= 'a' && c <= 'z'); });
  return out;
}

std::vector<std::string_view> items(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t start = 0;;) {
    const auto end = text.find_first_of(",;", start);
    out.push_back(text.substr(start, end == text.npos ? end : end - start));
    if (end == text.npos) return out;
    start = end + 1;
  }
}

bool equal_item(std::string_view answer, std::string_view gold) {
  if (const auto number = python_float(gold)) return normalised_number(answer) == *number;
  return normalised_text(answer, false) == normalised_text(gold, false);
}

bool quasi_equal(std::string_view answer, std::string_view gold) {
  if (const auto number = python_float(gold)) return normalised_number(answer) == *number;
  if (gold.find_first_of(",;") == gold.npos)
    return normalised_text(answer, true) == normalised_text(gold, true);
  return std::ranges::equal(items(answer), items(gold), equal_item);
}

/// What follows the last "FINAL ANSWER:" or "Answer:", else the last line with something on it.
std::string_view final_answer(std::string_view text) {
  static const re2::RE2 kMark(R"((?i)answer\s*:)");
  re2::StringPiece rest(text.data(), text.size());
  std::size_t marked = text.npos;
  while (re2::RE2::FindAndConsume(&rest, kMark)) marked = text.size() - rest.size();
  if (marked == text.npos) return trim(trim(text).substr(trim(text).rfind('\n') + 1));
  text = trim(text.substr(marked));
  return trim(text.substr(0, text.find('\n')));
}

class Gaia final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    if (trim(task.answer).empty() || trim(task.answer) == "?")
      return unscored("the benchmark hides the reference of this question");
    const auto answer = final_answer(final_text(response));
    if (answer.empty()) return no_answer(task, response, "answer");
    return decided(task, quasi_equal(answer, task.answer), std::string(answer));
  }
};

}  // namespace

std::unique_ptr<Scorer> make_gaia() {
  return std::make_unique<Gaia>();
}

}  // namespace ipw::evaluation
