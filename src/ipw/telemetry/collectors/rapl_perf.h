// SPDX-License-Identifier: Apache-2.0
// RAPL through the perf PMUs "power" and "power_core": 64-bit counts that never wrap, several in one read
// (Linux: arch/x86/events/rapl.c, tools/perf). Preferred to powercap.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ipw/telemetry/collectors/perf_backend.h"
#include "ipw/telemetry/collectors/rapl_tree.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

struct PerfZone {
  Domain domain;  ///< named as the powercap zone of the same counter
  PerfEvent event;
  double joules_per_count = 0;
};

/// What the PMUs below <root>/sys/bus/event_source/devices offer: one zone for each event and each CPU of the
/// PMU's mask. `cores` adds those of "power_core" (AMD), one for each physical core. Events whose unit is not
/// the joule are left out. Sorted by domain name.
std::vector<PerfZone> find_perf_zones(const std::string& root, bool cores);

/// Zones that count, read together per CPU. Closes its events at its end.
class PerfReader {
 public:
  explicit PerfReader(std::unique_ptr<PerfBackend> backend) : backend_(std::move(backend)) {}
  ~PerfReader();
  PerfReader(PerfReader&& other) = default;
  PerfReader& operator=(PerfReader&&) = delete;

  /// Begin to count a zone; its domain will have this index. An errno says why it cannot.
  Result<void, int> add(const PerfZone& zone, std::uint32_t domain);
  /// Append a reading, or a silence, for each zone.
  void poll(Clock& clock, Sample& sample);

 private:
  struct Member {
    std::uint32_t domain;
    std::string name;
    double joules_per_count;
  };
  struct Group {
    int cpu;
    std::uint32_t type;
    int leader;
    std::vector<Member> members;
    std::vector<std::uint64_t> counts;
    std::vector<int> handles;
  };
  Group* group_of(const PerfEvent& event);

  std::unique_ptr<PerfBackend> backend_;
  std::vector<Group> groups_;
};

}  // namespace ipw::telemetry
