// SPDX-License-Identifier: Apache-2.0
// Small pure functions on text. All are locale-free and take UTF-8.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipw {

std::string_view trim(std::string_view s);
std::vector<std::string_view> split(std::string_view s, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string to_lower_ascii(std::string_view s);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
bool iequals_ascii(std::string_view a, std::string_view b);

/// Parse the whole text as a number, or nothing. "inf" and "nan" are not numbers.
std::optional<double> parse_double(std::string_view s);
std::optional<std::int64_t> parse_int(std::string_view s);

/// Replace every character that is not alphanumeric by '_' and strip '_' at both ends; empty gives "model".
/// Letters beyond ASCII are kept (reference: original-formats.md 2.1).
std::string slug(std::string_view s);

/// Count the single-character edits between two texts (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);
/// Pick up to three known names near a mistyped one, nearest first.
std::vector<std::string_view> near_names(std::string_view name, std::span<const std::string_view> known);

/// Whether a stands before b where numbers inside a text count as numbers: "tiny-36k" before "tiny-360k".
bool natural_less(std::string_view a, std::string_view b);

/// Write a quantity for people: 3 significant digits and an SI prefix ("12.3 mJ").
std::string human_quantity(double value, std::string_view unit);
/// Write a byte count for people, powers of 1024 ("93.8 MiB").
std::string human_bytes(std::uint64_t bytes);
/// Write a duration for people ("950 ms", "2 m 05 s").
std::string human_duration(double seconds);

/// Replace invalid UTF-8 by U+FFFD, so that the text can be written as JSON.
std::string to_valid_utf8(std::string_view s);

}  // namespace ipw
