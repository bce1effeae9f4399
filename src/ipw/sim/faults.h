// SPDX-License-Identifier: Apache-2.0
// Faults of simulated sensors by schedule, as a user writes them.
#pragma once
#include <string>
#include <string_view>

#include "ipw/sim/machine.h"

namespace ipw::sim {

/// A duration: "10s", "250ms", "2m" or a plain number of seconds. Throws Error(Usage).
double parse_duration(std::string_view text);

/// Put "DEVICE:FAULT:START:LENGTH[:VALUE]" into the plan of the device; START counts from the epoch, LENGTH
/// may be "end". Throws Error(Usage) that says what is known.
void add_fault(Machine& machine, const std::string& text);

}  // namespace ipw::sim
