// SPDX-License-Identifier: Apache-2.0
// A run against a simulated machine in virtual time: requests overlap, sensors are polled, a rule attributes.
#pragma once
#include <deque>
#include <memory>
#include <queue>
#include <vector>

#include "ipw/sim/load.h"
#include "ipw/sim/pace.h"
#include "ipw/sim/truth.h"
#include "ipw/telemetry/attribution.h"
#include "ipw/telemetry/history.h"

namespace ipw::sim {

struct RunOptions {
  int concurrency = 8;
  double seconds = 60;  ///< new requests begin until then
  double update_seconds = 0.1, poll_seconds = 0.05;
  double idle_watts = 90, prefill_joules = 0.05, decode_joules = 0.4;
  double cost_spread = 0.05;
  std::uint64_t seed = 1;
  bool tokens_told = true;
};

/// One request: what it was given and what it has truly cost.
struct Outcome {
  double net_truth = 0, idle_given = 0, given = 0, half_width = 0;
  double truth() const { return net_truth + idle_given; }
};

struct RunResult {
  std::vector<Outcome> requests;
  telemetry::Account account;
  double device_truth = 0;  ///< between the instants of the account
  std::string rule;
};

/// A source that is fed by hand.
class FedSource final : public telemetry::Source {
 public:
  explicit FedSource(telemetry::Domain domain) : history_({std::move(domain)}) {}
  void feed(Instant at, double joules) {
    telemetry::Sample sample;
    telemetry::Reading reading;
    reading.mid = at;
    reading.energy_joules = joules;
    sample.readings = {reading};
    history_.feed(sample);
  }
  telemetry::DomainList domains() const override { return history_.domains(); }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return history_.settled(end); }
  telemetry::WindowReport window(Instant a, Instant b) const override { return history_.window(a, b); }
  telemetry::SelfReport self() const override { return {}; }
  std::string description() const override { return "fed by hand"; }
  void tap(std::function<void(const telemetry::Sample&)>) override {}

 private:
  telemetry::History history_;
  records::MachineInfo machine_;
};

/// Workers ask one request after another; its length, prompt and cost are drawn.
class VirtualRun {
 public:
  VirtualRun(RunOptions options, const telemetry::AttributionRule& rule);
  RunResult run();

 private:
  enum class What { Begin, First, End, Poll };
  struct Event {
    std::int64_t at_ns = 0;
    std::int64_t order = 0;  ///< of making, among those of one instant
    What what = What::Poll;
    std::int64_t request = 0;
    bool operator>(const Event& other) const {
      return std::pair(at_ns, order) > std::pair(other.at_ns, other.order);
    }
  };
  struct Planned {
    double prompt_tokens = 0, output_tokens = 0, ttft = 0, itl = 0, cost = 1;
    std::int64_t begin_ns = 0;
  };
  void push(std::int64_t at_ns, What what, std::int64_t request = 0) {
    events_.push({at_ns, static_cast<std::int64_t>(made_++), what, request});
  }
  void handle(const Event& event);
  void begin(const Event& event);
  void end(const Event& event);
  void poll(std::int64_t at_ns);
  void take(bool force);
  telemetry::Work work_of(const Planned& planned, std::int64_t done_ns) const;

  RunOptions options_;
  std::unique_ptr<World> world_ = std::make_unique<World>();
  Device& device_;
  Load load_;
  FedSource source_;
  std::unique_ptr<telemetry::Attribution> attribution_;
  stats::Random random_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t made_ = 0;
  std::vector<Planned> planned_;
  std::deque<std::pair<std::int64_t, double>> ended_;  ///< request and its truth
  RunResult result_;
};

}  // namespace ipw::sim
