// SPDX-License-Identifier: Apache-2.0
// What the stub vendor libraries have in common: their world, the call log, faults and cost of a call.
#pragma once
#include <dlfcn.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "ipw/sim/world.h"

namespace ipw::sim::stub {

/// The root of the machine whose ROOT/usr/lib/NAME this library is.
static std::string own_root() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&own_root), &info) == 0 || !info.dli_fname) return {};
  std::string path = info.dli_fname;
  for (int up = 0; up < 3; ++up) path.resize(std::min(path.size(), path.rfind('/')));
  return path;
}

/// The world of the machine; a library that lies elsewhere has none.
[[maybe_unused]] static World* world() {
  static const MappedWorld mapped(world_file(own_root()));
  return mapped ? &*mapped : nullptr;
}

inline void wait_ns(std::int64_t ns) {
  const timespec pause{ns / 1'000'000'000, ns % 1'000'000'000};
  ::nanosleep(&pause, nullptr);
}

/// Let a call on a device happen: log it, let it take its time, hang or crash as planned. Gives the code with
/// which it fails, or 0. With a clock set by hand the time it takes is only written down.
inline int enter(World& w, Device& d, std::int64_t real_cost_ns) {
  const std::int64_t cost = d.realistic_costs ? real_cost_ns : d.latency_ns;
  d.reads.fetch_add(1);
  d.busy_ns.fetch_add(cost);
  if (cost > 0 && w.now_ns.load() < 0) wait_ns(cost);
  while (active(d, Fault::Hang, now_ns(w))) wait_ns(1'000'000);
  if (active(d, Fault::Crash, now_ns(w))) std::raise(SIGSEGV);
  const FaultPlan* error = active(d, Fault::Error, now_ns(w));
  return error ? static_cast<int>(error->value) : 0;
}

/// The n-th listed device of a vendor, or null.
inline Device* listed(World& w, std::string_view vendor, std::uint32_t n) {
  for (std::uint32_t i = 0; i < w.devices.load(); ++i) {
    Device& d = w.device[i];
    if (vendor != d.vendor || active(d, Fault::Vanished, now_ns(w))) continue;
    if (n-- == 0) return &d;
  }
  return nullptr;
}

/// The code with which the driver of a vendor refuses to start, or 0.
inline int driver_fault(World& w, std::string_view vendor) {
  for (std::uint32_t i = 0; i < w.devices.load(); ++i) {
    if (vendor != w.device[i].vendor) continue;
    const FaultPlan* fault = active(w.device[i], Fault::Driver, now_ns(w));
    return fault ? static_cast<int>(fault->value) : 0;
  }
  return 0;
}

/// A number as a vendor's counter holds it: what does not fit shows as all ones.
inline std::uint64_t to_u64(double value) {
  return value >= 0 && value < 1.8e19 ? static_cast<std::uint64_t>(value) : UINT64_MAX;
}
inline std::uint32_t to_u32(double value) {
  return value >= 0 && value < 4.29e9 ? static_cast<std::uint32_t>(value) : UINT32_MAX;
}

}  // namespace ipw::sim::stub
