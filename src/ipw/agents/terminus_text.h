// SPDX-License-Identifier: Apache-2.0
// What both forms of a Terminus 2 reply share: white space and numbers as Python has them, order of the
// parts.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/base/clock.h"

namespace ipw::agents {

inline constexpr std::array<std::string_view, 3> kParts = {"analysis", "plan", "commands"};

/// Bytes of the white space character of Unicode at the front, 0 if there is none.
std::size_t space_length(std::string_view text);
/// Drop white space of Unicode at both ends.
std::string_view strip(std::string_view text);
std::string_view strip_front(std::string_view text);

/// The number that Python's float() reads, with its white space and underscores; beyond the range of double
/// it is infinite or zero. Digits of other scripts are not read.
std::optional<double> python_float(std::string_view text);

/// The duration, or the longest one in place of infinity.
Seconds finite_seconds(double seconds);

/// A warning when the parts stand in another order; empty if they do not. A position of npos is an absent
/// part.
std::string order_warning(const std::array<std::size_t, kParts.size()>& positions);

}  // namespace ipw::agents
