// SPDX-License-Identifier: Apache-2.0
// LaTeX and plain notation as one stream of tokens: what only changes the looks is gone, synonyms are one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::evaluation::math {

enum class TokenKind : std::uint8_t {
  Number,   ///< text: digits with at most one point, and a power of ten as in 1.5e3
  Letter,   ///< text: a letter in lower case, the name of a Greek letter, or an accent with its content
  Words,    ///< text: the content of \text in lower case without spaces
  Command,  ///< text: a name without its backslash: frac, sqrt, sin, cup, begin
  Sign,     ///< text: one character, as it is written or one of those below
};

/// Signs that are no single character of ASCII.
namespace sign {
inline constexpr char kOpenBrace = 'S', kCloseBrace = 'E', kNewRow = 'N', kAtMost = 'l', kAtLeast = 'g',
                      kUnequal = '!', kElement = 'e', kPlusMinus = '~', kAbout = 'a', kFactorial = 'f';
}  // namespace sign

struct Token {
  TokenKind kind;
  std::string text;
  bool glued = false;  ///< no space before it
};

/// Nothing where the text is too long or a brace of a \text is not closed.
std::optional<std::vector<Token>> tokens(std::string_view text);

/// Drop the unit behind a quantity ("5 \text{cm}^2", "12 square feet"). A unit of one letter may be a
/// variable: it goes only where `others` does not have it, and stays without `others`.
void drop_unit(std::vector<Token>& tokens, const std::vector<Token>* others);

/// Make one number of "1,234,567" where that is all there is besides a sign and "%".
void join_thousands(std::vector<Token>& tokens);

}  // namespace ipw::evaluation::math
