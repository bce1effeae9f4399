// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/terminus_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

/// White space beyond ASCII, as it stands in UTF-8. U+2000 to U+200A are a range.
constexpr std::array<std::string_view, 8> kWideSpaces = {"\u0085", "\u00A0", "\u1680", "\u2028",
                                                         "\u2029", "\u202F", "\u205F", "\u3000"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Drop the underscores, which may stand between digits alone.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1]))
      return std::nullopt;
  }
  return out;
}

/// Whether a number that is out of range is too small: its exponent is negative, or it has none and begins
/// with 0.
bool is_tiny(std::string_view number) {
  const auto exponent = number.find_first_of("eE");
  if (exponent == std::string_view::npos) return number.starts_with("0") || number.starts_with(".");
  return number.substr(exponent + 1).starts_with("-");
}

}  // namespace

std::size_t space_length(std::string_view text) {
  if (text.empty()) return 0;
  const char c = text.front();
  if (c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1C' && c <= '\x1F')) return 1;
  if (text.size() > 2 && text.starts_with("\xE2\x80") && static_cast<unsigned char>(text[2]) <= 0x8A)
    return 3;
  const auto wide = std::ranges::find_if(kWideSpaces, [&](auto space) { return text.starts_with(space); });
  return wide == kWideSpaces.end() ? 0 : wide->size();
}

std::string_view strip_front(std::string_view text) {
  while (const auto length = space_length(text)) text.remove_prefix(length);
  return text;
}

std::string_view strip(std::string_view text) {
  text = strip_front(text);
  for (std::size_t length = 1; length <= std::min<std::size_t>(3, text.size());) {
    if (space_length(text.substr(text.size() - length)) == length) {
      text.remove_suffix(length);
      length = 1;
    } else {
      ++length;
    }
  }
  return text;
}

std::optional<double> python_float(std::string_view text) {
  const auto plain = without_underscores(strip(text));
  if (!plain) return std::nullopt;
  std::string_view number = *plain;
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.remove_prefix(1);
  if (number.starts_with('-') || number.find('(') != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (code == std::errc::invalid_argument || end != number.data() + number.size()) return std::nullopt;
  if (code == std::errc::result_out_of_range)
    value = is_tiny(number) ? 0 : std::numeric_limits<double>::infinity();
  return negative ? -value : value;
}

Seconds finite_seconds(double seconds) {
  constexpr double kMost = std::numeric_limits<double>::max();
  return Seconds(std::clamp(seconds, -kMost, kMost));
}

std::string order_warning(const std::array<std::size_t, kParts.size()>& positions) {
  std::vector<std::size_t> present;
  for (std::size_t i = 0; i < kParts.size(); ++i)
    if (positions[i] != std::string_view::npos) present.push_back(i);
  auto found = present;
  std::ranges::sort(found, {}, [&](std::size_t i) { return positions[i]; });
  if (found == present) return {};
  std::vector<std::string> was, expected;
  for (const auto i : found) was.emplace_back(kParts[i]);
  for (const auto i : present) expected.emplace_back(kParts[i]);
  return fmt::format("the order is {} where {} is asked for", join(was, ", "), join(expected, ", "));
}

}  // namespace ipw::agents
