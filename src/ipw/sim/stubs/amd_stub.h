// SPDX-License-Identifier: Apache-2.0
// What the two stub libraries of AMD have in common.
#pragma once
#include "ipw/sim/stubs/stub.h"

namespace ipw::sim::stub {

inline std::uint32_t count(World& w) {
  std::uint32_t n = 0;
  while (listed(w, "amd", n)) ++n;
  return n;
}

/// Domain, bus, device and function of "0000:c1:00.0".
struct PciParts {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
};
inline PciParts pci_parts(const char* address) {
  PciParts out;
  std::sscanf(address, "%x:%x:%x.%x", &out.domain, &out.bus, &out.device, &out.function);
  return out;
}

/// What the energy counter of a GPU shows, in its steps of 2^-16 J.
inline std::uint64_t steps(const Device& d) {
  return to_u64(shown_joules(*world(), d, now_ns(*world())) * 0x1p16);
}

}  // namespace ipw::sim::stub
