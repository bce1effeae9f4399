// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/pace.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::sim {

namespace {

constexpr std::size_t kLongestToken = 6;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

double normal(stats::Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

double Draw::take(stats::Random& random) const {
  return sigma > 0 ? median * std::exp(sigma * normal(random)) : median;
}

Draw parse_draw(std::string_view text) {
  const auto tilde = text.find('~');
  const auto median = parse_double(text.substr(0, tilde));
  const auto sigma =
      tilde == std::string_view::npos ? std::optional(0.0) : parse_double(text.substr(tilde + 1));
  if (!median || !sigma || *median < 0 || *sigma < 0)
    throw Error(ErrorCode::Usage, fmt::format("'{}' is neither a number nor MEDIAN~SIGMA", text),
                "80 is constant; 80~0.4 is lognormal with the median 80");
  return {*median, *sigma};
}

stats::Random request_random(std::uint64_t seed, std::string_view prompt) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : prompt) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return stats::Random(hash ^ (seed * 0x9e3779b97f4a7c15));
}

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> out;
  std::string token;
  for (const char c : text) {
    const bool begins_word = (c == ' ' || c == '\n') && !token.empty();
    const bool full = token.size() >= kLongestToken && !is_continuation(c);
    if (begins_word || full) out.push_back(std::exchange(token, {}));
    token += c;
  }
  if (!token.empty()) out.push_back(token);
  return out;
}

}  // namespace ipw::sim
