// SPDX-License-Identifier: Apache-2.0
// How fast a simulated server answers and what it answers: pure functions of the request and a seed.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/stats/random.h"

namespace ipw::sim {

/// A quantity with the median `median`, lognormal when `sigma` is above 0.
struct Draw {
  double median = 0, sigma = 0;
  double take(stats::Random& random) const;
};
/// "80" is constant, "80~0.4" lognormal with sigma 0.4. Throws Error(Usage).
Draw parse_draw(std::string_view text);

/// A standard normal number (Box and Muller 1958).
double normal(stats::Random& random);

/// The generator of one request: the same for the same seed and prompt, whatever else is asked at the time.
stats::Random request_random(std::uint64_t seed, std::string_view prompt);

/// Cut a text into tokens: words with the blank before them, long words in parts, never inside of a UTF-8
/// character. The tokens joined are the text.
std::vector<std::string> tokens_of(std::string_view text);

/// The right answer of a question and one that is wrong.
struct KnownAnswer {
  std::string right, wrong;
};
/// Look a question up by its text.
using AnswerKey = std::function<std::optional<KnownAnswer>(std::string_view prompt)>;

}  // namespace ipw::sim
