// SPDX-License-Identifier: Apache-2.0
// The energy of requests that overlap: what belongs to each, to nobody, and what is not known
// (telemetry.md 3.9).
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// What a request did, and when. Unknown counts are absent; a request without arrivals did its work evenly.
struct Work {
  Instant sent{}, done{};
  std::optional<double> prompt_tokens;  ///< computed ones: those from a cache left out
  std::optional<double> output_tokens;
  std::vector<Instant> arrivals;  ///< of its tokens, or of events with several tokens each
};

/// What a token costs a domain above its idle power, and where the figures are from.
struct TokenEnergy {
  double prefill_joules = 0, decode_joules = 0;
  std::string from;              ///< "shared stretches", "exclusive stretches", "default ratio"
  double request_deviation = 0;  ///< how far one request's cost is from the rule, as a share (1 sigma)
};

/// Where the energy of one domain went; requests + idle + unattributed = device.
struct DeviceShare {
  std::string domain;
  double device_joules = 0;
  double request_joules = 0;       ///< handed out by take(), with the requests' share of the idle power
  double idle_joules = 0;          ///< while no request was active
  double unattributed_joules = 0;  ///< requests that were never taken
  double shared_idle_joules = 0;   ///< idle power within request_joules, where a baseline is known
  std::optional<TokenEnergy> tokens;
  std::size_t alone_requests = 0;  ///< requests without any other beside them, warm-ups included ...
  std::optional<double> alone_joules_per_token;  ///< ... what their output tokens cost above idle ...
  std::optional<double> joules_per_token;        ///< ... and what those of all requests were given
};

/// What is left of the device's joules; what is left of rounding is 0.
double unattributed(const DeviceShare& share);

/// The account of a run, between two instants.
struct Account {
  std::string rule;
  Instant begin{}, end{};
  std::vector<DeviceShare> domains;
};

/// Share the energy of overlapping requests. One thread at a time; memory is bounded by the requests in
/// flight and those that overlap them.
class Attribution {
 public:
  virtual ~Attribution() = default;
  virtual void begin(std::int64_t request, Instant at) = 0;
  /// One in which no model works, such as a tool of an agent or its own time: it has no part in an
  /// accelerator while the models of others work there. A rule that does not tell them apart takes it as a
  /// request.
  virtual void begin_aside(std::int64_t request, Instant at) { begin(request, at); }
  /// One that is never taken (it was cancelled) is unattributed; `taken` false says so.
  virtual void end(std::int64_t request, const Work& work, bool taken = true) = 0;
  /// The share of an ended request, once all is known that it takes; with `force` what is known now.
  virtual std::optional<WindowReport> take(std::int64_t request, bool force) = 0;
  /// A request that ran before the run and alone, such as a warm-up: it is evidence, not part of the account.
  virtual void calibrate(const Work&) {}
  /// Everything up to the last end, once the last request has been taken.
  virtual Account totals() = 0;
};

/// Idle power of a domain in watts, where a baseline was taken.
using IdleWatts = std::function<std::optional<double>(const std::string& domain)>;

/// Rule "time-share": between two consecutive starts or ends the energy is shared equally by the active
/// requests; that of an accelerator by those in which a model works, where there is one.
std::unique_ptr<Attribution> time_share(const Source& source);

/// Rule "work-share": energy above idle is shared by work, prompt tokens times c_p and output tokens times
/// c_d, and idle power by time. The ratio of the c's comes from the run itself (docs/guide/energy.md). A
/// request waits for those that overlap it, for their work is known at their ends.
std::unique_ptr<Attribution> work_share(const Source& source, IdleWatts idle);

struct AttributionRule {
  std::string_view name, summary;
  std::unique_ptr<Attribution> (*make)(const Source&, IdleWatts);
};
/// The registry: attribution.cpp.
std::span<const AttributionRule> attribution_rules();
/// Throws Error(Usage) with the known names.
const AttributionRule& attribution_rule(std::string_view name);

}  // namespace ipw::telemetry
