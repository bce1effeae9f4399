// SPDX-License-Identifier: Apache-2.0
// Small helpers of the parsers of logs.
#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::harness {

constexpr std::array<std::string_view, 5> kTestStatuses = {"FAILED", "PASSED", "SKIPPED", "ERROR", "XFAIL"};

inline bool starts_with_status(std::string_view line) {
  return std::ranges::any_of(kTestStatuses, [&](auto s) { return line.starts_with(s); });
}
inline bool ends_with_status(std::string_view line) {
  return std::ranges::any_of(kTestStatuses, [&](auto s) { return line.ends_with(s); });
}

/// The words of a line, as white space parts them.
inline std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  std::vector<std::string_view> out;
  for (auto at = line.find_first_not_of(kSpace); at != std::string_view::npos;) {
    const auto end = std::min(line.find_first_of(kSpace, at), line.size());
    out.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kSpace, end);
  }
  return out;
}

/// Words from `first` to before `last`, with one space between.
inline std::string joined(const std::vector<std::string_view>& words, std::size_t first, std::size_t last) {
  std::string out;
  for (std::size_t i = first; i < last; ++i) (i > first ? out += ' ' : out).append(words[i]);
  return out;
}

}  // namespace ipw::harness
