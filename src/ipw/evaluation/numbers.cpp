// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/numbers.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"

namespace ipw::evaluation {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';  // not beyond ASCII: "€5" is a number
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Parts {
  re2::StringPiece all, sign, numerator, denominator, percent;
};

bool next_number(re2::StringPiece& rest, Parts& parts) {
  static const re2::RE2 kNumber(
      R"((([-+]?)((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|\.\d+)(?:\s?/\s?(\d+))?(\s?%)?))");
  return re2::RE2::FindAndConsume(&rest, kNumber, &parts.all, &parts.sign, &parts.numerator,
                                  &parts.denominator, &parts.percent);
}

std::optional<double> parse_piece(re2::StringPiece piece) {
  return parse_double(replace_all(std::string(piece.data(), piece.size()), ",", ""));
}

std::optional<Number> to_number(const Parts& parts, bool negative) {
  auto value = parse_piece(parts.numerator);
  if (!value) return std::nullopt;
  if (!parts.denominator.empty()) {
    const auto below = parse_piece(parts.denominator);
    if (!below || *below == 0) return std::nullopt;
    *value /= *below;
  }
  if (!parts.percent.empty()) *value /= 100;
  const std::string_view all(parts.all.data(), parts.all.size());
  const auto text = negative || parts.sign.empty() ? all : all.substr(1);
  return Number{negative ? -*value : *value, !parts.percent.empty(), std::string(text)};
}

constexpr std::array<std::string_view, 20> kOnes = {
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 8> kTens = {"twenty", "thirty",  "forty",  "fifty",
                                                   "sixty",  "seventy", "eighty", "ninety"};

std::optional<int> index_of(std::span<const std::string_view> table, std::string_view word) {
  const auto it = std::ranges::find(table, word);
  if (it == table.end()) return std::nullopt;
  return static_cast<int>(it - table.begin());
}

}  // namespace

std::vector<Number> find_numbers(std::string_view text) {
  const auto plain = replace_all(std::string(text), "\u2212", "-");
  std::vector<Number> out;
  re2::StringPiece rest(plain);
  for (Parts parts; next_number(rest, parts);) {
    const auto at = static_cast<std::size_t>(parts.all.data() - plain.data());
    const char before = at == 0 ? ' ' : plain[at - 1];
    const bool operand = is_letter(before) || is_digit(before) || before == ')';
    if (parts.sign.empty() && is_letter(before)) continue;
    if (const auto number = to_number(parts, parts.sign == "-" && !operand)) out.push_back(*number);
  }
  return out;
}

std::optional<Number> last_number_word(std::string_view text) {
  std::optional<Number> found;
  std::optional<int> tens;
  for (const auto& word : words(text)) {
    const auto one = index_of(kOnes, word);
    if (one)
      found = Number{static_cast<double>(*one + (*one > 0 && *one < 10 ? tens.value_or(0) : 0)), false, word};
    tens.reset();
    if (const auto ten = index_of(kTens, word)) {
      tens = (*ten + 2) * 10;
      found = Number{static_cast<double>(*tens), false, word};
    }
  }
  return found;
}

}  // namespace ipw::evaluation
