// SPDX-License-Identifier: Apache-2.0
// The names of mathematical notation: what a LaTeX command, a plain word or a character means.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace ipw::evaluation::math {

struct Meaning {
  enum class As : std::uint8_t { Nothing, Degree, Sign, Letter, Command, Words, Accent };
  std::string_view name;
  As as;
  std::string_view text;
};

/// Sorted by name.
std::span<const Meaning> commands();
std::span<const Meaning> plain_words();
const Meaning* find_meaning(std::string_view name, std::span<const Meaning> among);

/// A character beyond ASCII and the LaTeX that means the same.
std::span<const std::pair<std::string_view, std::string_view>> characters();

/// Whether a word, in singular or plural, is a unit of measure or counts things.
bool is_unit(std::string_view word);

}  // namespace ipw::evaluation::math
