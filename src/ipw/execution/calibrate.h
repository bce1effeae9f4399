// SPDX-License-Identifier: Apache-2.0
// The gain of this machine's sensors against a meter: a square wave of load, watched by both.
#pragma once
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/execution/profile.h"
#include "ipw/telemetry/calibration.h"

namespace ipw::execution {

struct CalibrateRequest {
  ProfileConfig config;              ///< its sensors; they are read without an earlier calibration
  std::string meter;                 ///< a collector: "shelly:192.0.2.10"; empty with a log
  std::string meter_log;             ///< the file of a meter that runs on its own
  std::vector<std::string> domains;  ///< empty: what follows the load most
  std::vector<std::string> load;     ///< command of the load; empty: all processors compute
  int cycles = 6;
  double phase_seconds = 15;
  double supply_efficiency = 1;      ///< of the supply between the meter and the machine
  bool reference_is_domain = false;  ///< the meter measures nothing but the domain
};

struct CalibrateOutcome {
  std::vector<telemetry::Calibration> calibrations;  ///< one for each domain, with the same gain
  double clock_lead_seconds = 0;                     ///< of the meter's log
  std::string host;
};

/// Load the machine and compare. Throws Error(Usage) for domains that are not there, Error(Unavailable) with
/// the cause when no gain can be stated, Error(Cancelled) when asked to stop.
CalibrateOutcome calibrate(const CalibrateRequest& request, const Surroundings& around, Observer& observer,
                           const std::stop_token& stop);

/// The calibrations that a run applies: those of the file that was named, or with "auto" those in the user's
/// folder if they are of this machine. Throws Error when a named file cannot be used.
std::vector<telemetry::Calibration> calibrations_of(const ProfileConfig& config, const Surroundings& around,
                                                    Observer& observer);
/// Where `ipw calibrate` puts them.
std::filesystem::path calibration_path(const Surroundings& around);

}  // namespace ipw::execution
