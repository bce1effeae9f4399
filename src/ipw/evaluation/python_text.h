// SPDX-License-Identifier: Apache-2.0
// What Python's string methods and regular expressions do with text, for rules whose reference is written in
// Python.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::evaluation::python {

/// \s and \w of str patterns, as character classes of RE2.
inline constexpr std::string_view kSpace = R"([\s\v\x{1c}-\x{1f}\x{85}\p{Z}])", kWord = R"([\pL\pN_])";

/// lower(), but for the few characters that become two.
std::string lower(std::string_view text);
/// strip()
std::string_view strip(std::string_view text);
/// isupper() and islower(): a letter with case, and none of the other case.
bool is_upper(std::string_view text);
bool is_lower(std::string_view text);
/// split()
std::vector<std::string_view> split(std::string_view text);
/// split(separator); never empty.
std::vector<std::string_view> split(std::string_view text, std::string_view separator);
/// len(re.findall(pattern, text)) for a pattern of RE2 that matches no empty text.
std::size_t count_matches(const std::string& pattern, std::string_view text);

}  // namespace ipw::evaluation::python
