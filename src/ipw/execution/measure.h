// SPDX-License-Identifier: Apache-2.0
// The energy of any command: run it as a shell would, with the sensors around it.
#pragma once
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/execution/profile.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

struct MeasureRequest {
  std::vector<std::string> command;
  int repeat = 1;
  ProfileConfig config;  ///< its sensors and idle_seconds; nothing else of it is used
};

/// One run of the command.
struct CommandRun {
  int exit_status = 0;  ///< 128 + signal when it was killed
  double seconds = 0;
  std::vector<records::DomainEnergy> energies;  ///< one for each domain
};

/// Power of one domain while nothing ran, in watts with its 95 % half-width.
struct IdlePower {
  double watts = 0, half_width_watts = 0;
};

/// Energy of one domain for one run of the command: the mean where there were several.
struct MeasuredDomain {
  records::DomainEnergy energy;  ///< joules with the 95 % half-width; of the mean over runs, or a reason
  std::size_t runs = 0;          ///< with a value
  std::optional<double> watts;   ///< joules / wall time
  std::optional<IdlePower> idle;
  std::optional<double> net_joules;  ///< less idle power x wall time
  double net_half_width_joules = 0;
};

struct MeasureOutcome {
  std::vector<CommandRun> runs;  ///< those that were begun
  std::vector<MeasuredDomain> domains;
  double seconds = 0;                        ///< mean wall time
  std::optional<double> half_width_seconds;  ///< 95 %, for two runs and more
  int exit_status = 0;                       ///< of the first run that failed, else 0
  bool interrupted = false;
  std::optional<Error> not_started;  ///< NotFound or Permission
  std::string source;                ///< who read the sensors
  telemetry::SelfReport self;
};

/// Summarise runs, domain by domain. `before` and `after` are the idle windows: empty, or energies of
/// `idle_seconds` each. The interval of a mean over runs is Student's, plus the gain of the sensor, which is
/// common to all of them. Pure.
std::vector<MeasuredDomain> summarize_runs(std::span<const CommandRun> runs,
                                           std::span<const records::DomainEnergy> before,
                                           std::span<const records::DomainEnergy> after, double idle_seconds);

/// Run the command as often as was asked. A request to stop goes to it as an interrupt, and what was measured
/// until it ended is kept. Throws Error when the sensors cannot be opened.
MeasureOutcome measure(const MeasureRequest& request, const Surroundings& around, Observer& observer,
                       const std::stop_token& stop);

}  // namespace ipw::execution
