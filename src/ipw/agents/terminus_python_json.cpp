// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/terminus_python_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "ipw/agents/terminus_text.h"

namespace ipw::agents {
namespace {

constexpr int kDeepest = 1000;  ///< as in Python; the parser copies values, level by level, on the stack

constexpr std::string_view kLargest = " 1.7976931348623157e308 ", kSmallest = " -1.7976931348623157e308 ";

/// The code unit of an escape \uXXXX at the front.
std::optional<unsigned> code_unit(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  for (const char c : text.substr(2, 4)) {
    const char low = static_cast<char>(c | 0x20);
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (low < 'a' || low > 'f')) return std::nullopt;
    unit = unit * 16 + static_cast<unsigned>(digit ? c - '0' : low - 'a' + 10);
  }
  return unit;
}

bool is_high(std::optional<unsigned> unit) {
  return unit && *unit >= 0xD800 && *unit < 0xDC00;
}
bool is_low(std::optional<unsigned> unit) {
  return unit && *unit >= 0xDC00 && *unit < 0xE000;
}

/// Whether the text is one number in JSON's grammar whose exponent is too large for double.
bool is_beyond(std::string_view number) {
  const auto value = python_float(number);
  return value && std::isinf(*value) && Json::accept(number.substr(0, number.find_first_of("eE")));
}

/// Writes a text again in the standard's JSON.
class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : rest_(text) {}

  Result<std::string, std::string> run() {
    while (!rest_.empty()) {
      if (rest_.front() == '"') quoted_ = !quoted_;
      if (!quoted_) count_levels(rest_.front());
      if (depth_ > kDeepest)
        return Unexpected<std::string>(fmt::format("it nests more than {} deep", kDeepest));
      if (quoted_ ? !escape() : !name() && !number()) copy(1);
    }
    return std::move(out_);
  }

 private:
  void count_levels(char c) { depth_ += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0; }
  void copy(std::size_t count) {
    out_ += rest_.substr(0, count);
    rest_.remove_prefix(std::min(count, rest_.size()));
  }
  void replace(std::size_t count, std::string_view by) {
    out_ += by;
    rest_.remove_prefix(count);
  }

  bool escape() {
    if (rest_.front() != '\\') return false;
    const auto unit = code_unit(rest_);
    if (is_high(unit) && is_low(code_unit(rest_.substr(6))))
      copy(12);
    else if (is_high(unit) || is_low(unit))
      replace(6, "\\ufffd");
    else
      copy(2);
    return true;
  }

  bool name() {
    if (rest_.front() == '\0')
      replace(1, "\x01");  // would end the text
    else if (rest_.starts_with("NaN"))
      replace(3, " null ");
    else if (rest_.starts_with("Infinity"))
      replace(8, kLargest);
    else if (rest_.starts_with("-Infinity"))
      replace(9, kSmallest);
    else
      return false;
    return true;
  }

  bool number() {
    const auto size = std::min(rest_.find_first_not_of("0123456789+-.eE"), rest_.size());
    if (size == 0) return false;
    if (is_beyond(rest_.substr(0, size)))
      replace(size, rest_.front() == '-' ? kSmallest : kLargest);
    else
      copy(size);
    return true;
  }

  std::string_view rest_;
  std::string out_;
  bool quoted_ = false;
  int depth_ = 0;
};

}  // namespace

Result<Json, std::string> parse_python_json(std::string_view text) {
  return Rewriter(text).run().and_then([](const std::string& standard) { return parse_json(standard); });
}

}  // namespace ipw::agents
