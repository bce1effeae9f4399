// SPDX-License-Identifier: Apache-2.0
// Waiting for the sensors.
#pragma once
#include <stop_token>

#include "ipw/base/clock.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Wait until readings after an instant are there, for `patience` after it at most: a sensor that is slower
/// has a reason in the window. Returns early when asked to stop.
inline void await_readings(const telemetry::Source& source, Instant end, Nanoseconds patience, Clock& clock,
                           const std::stop_token& stop = {}) {
  constexpr auto kTurn = std::chrono::milliseconds(10);
  while (!source.settled(end) && clock.now() < end + patience && !stop.stop_requested())
    clock.sleep_until(clock.now() + kTurn);
}

}  // namespace ipw::execution
