// SPDX-License-Identifier: Apache-2.0
// Counters of the kernel's perf subsystem, behind an interface that tests and fixture trees fill otherwise.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ipw/base/result.h"

namespace ipw::telemetry {

/// One event of a PMU that counts for the whole system on one CPU.
struct PerfEvent {
  std::string pmu, name;     ///< "power", "energy-pkg"
  std::uint32_t type = 0;    ///< of the PMU
  std::uint64_t config = 0;  ///< of the event
  int cpu = 0;
};

/// Opens and reads events; errors are errno. One thread at a time.
class PerfBackend {
 public:
  virtual ~PerfBackend() = default;
  /// Start to count from 0, as leader of a group (-1) or as its next member. Gives a handle.
  virtual Result<int, int> open(const PerfEvent& event, int leader) = 0;
  /// Read all counts of a group at once, in the order of opening.
  virtual Result<void, int> read(int leader, std::span<std::uint64_t> counts) = 0;
  virtual void close(int handle) = 0;
};

/// perf_event_open(2).
std::unique_ptr<PerfBackend> system_perf();

/// Events of a fixture tree: the count is the number in ROOT/perf/PMU/cpuN/EVENT, or the file holds
/// "errno N". As in the kernel, opening needs ROOT/proc/sys/kernel/perf_event_paranoid <= 0 or CAP_PERFMON.
std::unique_ptr<PerfBackend> tree_perf(const std::string& root);

/// The kernel for the machine itself, the tree's own events below a root; none when the tree has no
/// ROOT/perf, so that a fixture is never mixed with the real machine.
std::unique_ptr<PerfBackend> perf_backend(const std::string& root);

/// What this process may do, from CapEff of ROOT/proc/self/status, or of the machine when the tree has none.
struct Privileges {
  bool perfmon = false;         ///< CAP_PERFMON, or CAP_SYS_ADMIN
  bool read_files = false;      ///< CAP_DAC_READ_SEARCH or CAP_DAC_OVERRIDE
  bool user_namespace = false;  ///< capabilities hold only within a container's user namespace
};
Privileges read_privileges(const std::string& root);
/// kernel.perf_event_paranoid, or 2 (the kernel's default) where it cannot be read.
int perf_paranoid(const std::string& root);

}  // namespace ipw::telemetry
