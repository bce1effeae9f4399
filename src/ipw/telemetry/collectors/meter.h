// SPDX-License-Identifier: Apache-2.0
// Meters outside of the machine: they are asked, answer slowly or not at all, and show one domain each.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "ipw/base/params.h"
#include "ipw/base/result.h"
#include "ipw/telemetry/collector.h"

namespace ipw::telemetry {

/// What a meter said. At least one of the two is there.
struct MeterValue {
  std::optional<double> watts;
  std::optional<double> joules;  ///< cumulative
};

/// Why there is no value.
struct MeterFault {
  std::string reason;
  Cause cause = Cause::Unreachable;
};

/// One meter. Used by one thread.
class Meter {
 public:
  virtual ~Meter() = default;
  /// Ask it and wait for the answer, two seconds at most. Never throws.
  virtual Result<MeterValue, MeterFault> ask() = 0;
};

/// The domain of a meter that sees the whole machine: "wall/PLACE", power as a mean over the second before.
/// That it is renewed each second is not verified on hardware.
Domain wall_domain(std::string_view collector, std::string_view place, double cap_watts, std::string note);

/// A meter as a collector with this domain: a value is of the moment between question and answer.
std::unique_ptr<Collector> collect_meter(std::unique_ptr<Meter> meter, Domain domain);

/// Split "HOST,key=value,..." at its commas: the first part by the key "host". Throws Error(Usage) for an
/// unknown key, or without a host.
Params parse_meter_argument(std::string_view collector, const std::string& argument,
                            std::span<const std::string_view> keys);

}  // namespace ipw::telemetry
