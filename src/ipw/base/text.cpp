// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"

namespace ipw {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <class T>
std::optional<T> parse_number(std::string_view s) {
  s = trim(s);
  if (!s.empty() && s.front() == '+') s.remove_prefix(1);
  T value{};
  const auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (code != std::errc{} || end != s.data() + s.size() || s.empty()) return std::nullopt;
  return value;
}

/// Length of the well-formed UTF-8 sequence at the front (Unicode 15, table 3-7), 0 if it is ill-formed.
std::size_t sequence_length(std::string_view s) {
  const auto at = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80, high = lead == 0xED ? 0x9F : 0xBF;
    return at(1) >= low && at(1) <= high && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
    return at(1) >= low && at(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string_view trim(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

std::vector<std::string_view> split(std::string_view s, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const auto end = s.find(separator, start);
    parts.push_back(s.substr(start, end == std::string_view::npos ? end : end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string to_lower_ascii(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos && !from.empty();
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

bool iequals_ascii(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<double> parse_double(std::string_view s) {
  const auto value = parse_number<double>(s);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::int64_t> parse_int(std::string_view s) {
  return parse_number<std::int64_t>(s);
}

std::string slug(std::string_view s) {
  std::string out;
  for (const char c : s) out += is_alnum(c) ? c : '_';
  const auto first = out.find_first_not_of('_');
  if (first == std::string::npos) return "model";
  return out.substr(first, out.find_last_not_of('_') - first + 1);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::vector<std::string_view> near_names(std::string_view name, std::span<const std::string_view> known) {
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const auto candidate : known) {
    const auto distance = edit_distance(name, candidate);
    const bool contains = !name.empty() && candidate.find(name) != std::string_view::npos;
    if (distance <= std::max<std::size_t>(2, name.size() / 3) || contains)
      ranked.emplace_back(distance, candidate);
  }
  std::ranges::stable_sort(ranked, {}, &decltype(ranked)::value_type::first);
  std::vector<std::string_view> out;
  for (const auto& [distance, candidate] : ranked)
    if (out.size() < 3) out.push_back(candidate);
  return out;
}

void throw_unknown(std::string_view kind, std::string_view name, std::span<const std::string_view> known) {
  const auto close = near_names(name, known);
  const auto hint = close.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                  : fmt::format("did you mean {}? known: {}", fmt::join(close, " or "),
                                                fmt::join(known, ", "));
  throw Error(ErrorCode::Usage, fmt::format("unknown {} '{}'", kind, name), hint);
}

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Take the number at the front off a text, without its leading zeros.
std::string_view take_number(std::string_view& text) {
  auto number = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(number.size());
  while (number.size() > 1 && number.front() == '0') number.remove_prefix(1);
  return number;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  auto x = a, y = b;
  while (!x.empty() && !y.empty()) {
    if (is_digit(x.front()) && is_digit(y.front())) {
      const auto m = take_number(x), n = take_number(y);
      if (m != n) return m.size() != n.size() ? m.size() < n.size() : m < n;
      continue;
    }
    const auto c = static_cast<unsigned char>(x.front()), d = static_cast<unsigned char>(y.front());
    if (c != d) return c < d;
    x.remove_prefix(1);
    y.remove_prefix(1);
  }
  return x.empty() && y.empty() ? a < b : x.empty();  // a < b: "01" before "1"
}

std::string human_quantity(double value, std::string_view unit) {
  static constexpr std::array<std::pair<double, std::string_view>, 7> kPrefixes = {
      {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "µ"}, {1e-9, "n"}}};
  if (value == 0 || !std::isfinite(value)) return fmt::format("{} {}", value, unit);
  const double size = std::abs(value) * 1.0005;  // 999.7 rounds to 1.00 k
  for (const auto& [scale, prefix] : kPrefixes) {
    if (size < scale && scale != 1e-9) continue;
    const double scaled = value / scale;
    const int decimals = std::abs(scaled) >= 99.95 ? 0 : std::abs(scaled) >= 9.995 ? 1 : 2;
    return fmt::format("{:.{}f} {}{}", scaled, decimals, prefix, unit);
  }
  return fmt::format("{:.3g} {}", value, unit);
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_duration(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} m", whole / 3600, whole / 60 % 60);
}

std::string to_valid_utf8(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    const auto length = sequence_length(s);
    out += length ? s.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    s.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace ipw
