// SPDX-License-Identifier: Apache-2.0
// Boards of two dies, and counters that stand still: what AMD GPUs are known to get wrong.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// A die of a board of two, in the order of PCI addresses.
struct Die {
  std::string address;
  bool second = false;  ///< it shows neither energy nor power: the other one counts for both
};

/// For every second die the index of the first die that counts for it: the one before it, else the one after
/// it, none of them twice. Nothing where no first die is left, as in a container that sees one die alone.
std::vector<std::optional<std::size_t>> pair_dies(const std::vector<Die>& dies);

/// Watch a counter beside the power of the same device: one that stands still while power flows is stuck
/// (amdsmi issue 22, rocm_smi issue 180).
class StuckWatch {
 public:
  /// Tell whether the counter is stuck at this reading: it has not moved for two seconds, in which the power
  /// sensor says that at least 10 J have been used.
  bool feed(Instant at, double joules, std::optional<double> watts);

 private:
  std::optional<double> joules_;
  Instant moved_{}, last_{};
  double flowed_joules_ = 0;
};

}  // namespace ipw::telemetry
