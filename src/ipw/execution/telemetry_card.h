// SPDX-License-Identifier: Apache-2.0
// What the instrument says of itself in the results (design law 10, goal P7).
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/execution/energy_ledger.h"
#include "ipw/execution/idle_baseline.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Mean power of one domain over a run: while at least one request was active, while none was, and overall.
/// Weighted with their times the first two give the third (defect M7).
struct ActivityPower {
  std::string domain;
  double active_seconds = 0, idle_seconds = 0;
  std::optional<double> active_watts, idle_watts;  ///< absent when there was no such time
  double mean_watts = 0;
};

struct CardFacts {
  const telemetry::Source& source;
  const telemetry::SelfReport& self;
  const std::vector<std::pair<std::string, IdleBaseline>>& idle;
  const IdleModel& idle_model;
  const std::vector<ActivityPower>& activity;
  const telemetry::WindowReport& whole;  ///< from the first query to the last
};

/// Sources, domains with T, W, scope and uncertainty, coverage and energy of the whole run, throttle reasons
/// and temperatures, idle baselines, achieved rate, missed ticks, gaps. Pure.
Json telemetry_card(const CardFacts& facts);

/// The GPUs that are measured: parts of one and second sources of the same are not counted again.
std::size_t gpu_count(const std::vector<telemetry::Domain>& domains);

}  // namespace ipw::execution
