// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/expression.h"

#include <fmt/format.h>

#include <cctype>

#include "ipw/base/text.h"
#include "ipw/tools/calculator_functions.h"
#include "ipw/tools/number.h"

namespace ipw::tools {
namespace {

constexpr std::size_t kLongest = 10000;
constexpr int kDeepest = 100;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Recursive descent with the precedences of Python: sum, product, sign, power.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Number whole_text() {
    const Number out = sum();
    skip_blanks();
    if (at_ < text_.size()) fail(fmt::format("'{}' does not belong here", character()));
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw CalculatorError(fmt::format("{} (at character {})", what, at_ + 1));
  }
  std::string character() const { return std::string(text_.substr(at_, 1)); }
  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  /// Take a symbol where it comes next.
  bool take(std::string_view symbol) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  /// '*' that is not the first half of '**', and so on.
  bool take_single(char symbol) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != symbol || text_.substr(at_ + 1).starts_with(symbol))
      return false;
    ++at_;
    return true;
  }

  Number sum() {
    Number out = product();
    while (true) {
      if (take("+"))
        out = add(out, product());
      else if (take("-"))
        out = subtract(out, product());
      else
        return out;
    }
  }

  Number product() {
    Number out = sign();
    while (true) {
      if (take("//"))
        out = floor_divide(out, sign());
      else if (take("/"))
        out = divide(out, sign());
      else if (take("%"))
        out = modulo(out, sign());
      else if (take_single('*'))
        out = multiply(out, sign());
      else
        return out;
    }
  }

  Number sign() {
    int minuses = 0;
    while (true) {
      if (take("-"))
        ++minuses;
      else if (!take("+"))
        break;
    }
    const Number out = raised();
    return minuses % 2 == 0 ? out : negate(out);
  }

  Number raised() {
    const Number base = atom();
    if (!take("**") && !take("^")) return base;
    if (++depth_ > kDeepest) fail("it is nested too deeply");
    const Number out = power(base, sign());
    --depth_;
    return out;
  }

  Number atom() {
    skip_blanks();
    if (at_ >= text_.size()) fail("the expression ends too early");
    const char c = text_[at_];
    if (is_digit(c) || c == '.') return literal();
    if (is_letter(c)) return named();
    if (!take("(")) fail(fmt::format("'{}' does not belong here", character()));
    return inside();
  }

  /// What follows an opening parenthesis.
  Number inside() {
    if (++depth_ > kDeepest) fail("it is nested too deeply");
    const Number out = sum();
    if (!take(")")) fail("a ')' is missing");
    --depth_;
    return out;
  }

  Number literal() {
    const auto begin = at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.' || text_[at_] == '_')) ++at_;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      auto next = at_ + 1;
      if (next < text_.size() && (text_[next] == '+' || text_[next] == '-')) ++next;
      if (next < text_.size() && is_digit(text_[next])) {
        while (next < text_.size() && is_digit(text_[next])) ++next;
        at_ = next;
      }
    }
    const auto word = replace_all(std::string(text_.substr(begin, at_ - begin)), "_", "");
    constexpr std::size_t kExactDigits = 37;
    if (word.size() <= kExactDigits && word.find_first_not_of("0123456789") == std::string::npos) {
      Whole value = 0;
      for (const char c : word) value = 10 * value + (c - '0');
      return value;
    }
    const auto value = parse_double(word);
    if (!value) fail(fmt::format("'{}' is no number", word));
    return *value;
  }

  Number named() {
    const auto begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    auto name = to_lower_ascii(text_.substr(begin, at_ - begin));
    if (!take("(")) {
      if (const auto value = constant(name)) return *value;
      fail(fmt::format("'{}' is no number; there are pi, e, tau and functions with parentheses", name));
    }
    std::vector<Number> arguments;
    if (++depth_ > kDeepest) fail("it is nested too deeply");
    if (!take(")")) {
      do arguments.push_back(sum());
      while (take(","));
      if (!take(")")) fail("a ')' is missing");
    }
    --depth_;
    return call_function(name, arguments);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

/// Without the words around it, in plain signs.
std::string cleaned(std::string_view given) {
  auto text = std::string(trim(given));
  for (const std::string_view prefix : {"calculate", "compute", "evaluate", "what is", "what's"})
    if (iequals_ascii(std::string_view(text).substr(0, prefix.size()), prefix) &&
        text.size() > prefix.size() && !is_letter(text[prefix.size()]))
      text = std::string(trim(std::string_view(text).substr(prefix.size())));
  while (!text.empty() && std::string_view("?=.,;: \t\n").find(text.back()) != std::string_view::npos)
    text.pop_back();
  for (const auto& [from, to] : {std::pair{"\u00d7", "*"},
                                 {"\u00b7", "*"},
                                 {"\u00f7", "/"},
                                 {"\u2212", "-"},
                                 {"\u03c0", "pi"},
                                 {"math.", ""},
                                 {"\u2013", "-"}})
    text = replace_all(std::move(text), from, to);
  return text;
}

}  // namespace

Result<std::string, std::string> calculate(std::string_view expression) {
  if (expression.size() > kLongest)
    return Unexpected<std::string>(fmt::format("the expression is longer than {} bytes", kLongest));
  const auto text = cleaned(expression);
  if (text.empty()) return Unexpected<std::string>("the expression is empty");
  try {
    return to_text(Parser(text).whole_text());
  } catch (const CalculatorError& error) {
    return Unexpected<std::string>(to_valid_utf8(error.what()));
  }
}

}  // namespace ipw::tools
