// SPDX-License-Identifier: Apache-2.0
// The powercap tree of the RAPL driver (Linux: Documentation/power/powercap/powercap.rst).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

struct RaplZone {
  std::string path;
  Domain domain;
  bool enabled = true;
};

/// Find all zones below <root>/sys/class/powercap, known by their `name` and never by their number: psys is
/// one more top-level zone with any index. intel-rapl-mmio repeats the first package and stands only where
/// the other driver has no package. Of two zones with one name the first is kept. Sorted by domain name.
std::vector<RaplZone> find_rapl_zones(const std::string& root);

/// The register has 32 bits, so its range tells its unit in joules; at least the 1 uJ that the file can show.
double rapl_step_joules(double range_microjoules);

/// What one wrap adds, in joules: the range is the last value before it, so one hardware unit more. The
/// register has 32 bits, hence the unit is range / (2^32 - 1), at least the 1 uJ that the file can show.
double rapl_wrap_joules(double range_microjoules);

}  // namespace ipw::telemetry
