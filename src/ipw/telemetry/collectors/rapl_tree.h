// SPDX-License-Identifier: Apache-2.0
// What the RAPL domains are called and which contains which, whoever reads them.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// The scope behind a name of the kernel: "package-0-die-1", "core", "uncore", "dram", "psys", "psys-1".
std::optional<Scope> rapl_scope(std::string_view name);

/// Facts about the processor that change what its counters mean.
struct RaplCpu {
  bool amd = false;      ///< AMD or Hygon
  bool intel = false;    ///< Intel
  double dram_step = 0;  ///< joules, where the unit of DRAM is its own
  double psys_step = 0;  ///< joules, where the unit of the platform is its own
};
/// Read below the root what processor it is. Unknown ones have no steps.
RaplCpu read_rapl_cpu(const std::string& root);

/// A domain as all RAPL readers describe it; the name has its package in front ("package-0/dram").
Domain rapl_domain(std::string name, Scope scope, const RaplCpu& cpu);

/// Set the parents: psys contains the packages, a package its cores and uncore. The energy of DRAM lies
/// beside that of its package, hence beside it in the tree. Then sort by name.
void link_rapl_tree(std::vector<Domain>& domains);

}  // namespace ipw::telemetry
