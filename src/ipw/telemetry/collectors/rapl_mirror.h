// SPDX-License-Identifier: Apache-2.0
// Dies that show one counter: some processors of several dies repeat the energy of the socket on each of
// them.
#pragma once
#include <functional>
#include <optional>

namespace ipw::telemetry {

/// Find out whether two counters are one. Each is read by a function that gives joules, or nothing. They are
/// one when each value of the second lies between two values of the first read before and after it, either
/// - with no offset, and neither shows 0: registers of 32 bits do not meet by chance; or
/// - with one offset over eight changes of the first: what began to count at different moments.
/// Counters that are not one are told apart at their first change, after about a millisecond. Reads each up
/// to `most_reads` times.
bool is_mirror(const std::function<std::optional<double>()>& first,
               const std::function<std::optional<double>()>& second, int most_reads);

}  // namespace ipw::telemetry
