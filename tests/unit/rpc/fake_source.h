// SPDX-License-Identifier: Apache-2.0
// A source whose samples the test makes, one at a time.
#pragma once
#include <mutex>

#include "ipw/telemetry/history.h"

namespace ipw::rpc {

inline telemetry::Domain make_domain(std::string name, telemetry::Scope scope, std::string collector,
                                     telemetry::Method method = telemetry::Method::Counter) {
  telemetry::Domain domain;
  domain.name = std::move(name);
  domain.scope = scope;
  domain.collector = std::move(collector);
  domain.method = method;
  return domain;
}

class FakeSource final : public telemetry::Source {
 public:
  explicit FakeSource(std::vector<telemetry::Domain> domains) : history_(std::move(domains)) {
    machine_.os_name = "Linux";
    machine_.host_name = "bench";
    machine_.cpu_brand = "Test CPU 9000";
    machine_.cpu_count = 4;
  }

  /// A sample at an instant with one counter value for each domain; an absent value is a silent domain.
  void emit(Instant at, const std::vector<std::optional<double>>& joules,
            std::vector<telemetry::GaugeReading> gauges = {}) {
    telemetry::Sample sample;
    sample.sequence = ++sequence_;
    sample.tick = at;
    sample.gauges = std::move(gauges);
    for (std::uint32_t i = 0; i < joules.size(); ++i) {
      if (joules[i])
        sample.readings.push_back({i, at, Nanoseconds(1000), joules[i], std::nullopt});
      else
        sample.silent.emplace_back(i, "energy_uj: permission denied");
    }
    feed(sample);
  }
  /// A sample as it is.
  void feed(const telemetry::Sample& sample) {
    history_.feed(sample);
    const std::lock_guard lock(mutex_);
    if (sink_) sink_(sample);
  }

  telemetry::DomainList domains() const override { return history_.domains(); }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return history_.settled(end); }
  telemetry::WindowReport window(Instant begin, Instant end) const override {
    return history_.window(begin, end);
  }
  telemetry::SelfReport self() const override {
    telemetry::SelfReport report;
    report.period_seconds = period_seconds;
    report.problems = history_.problems();
    return report;
  }
  std::string description() const override { return "fake"; }
  void tap(std::function<void(const telemetry::Sample&)> sink) override {
    const std::lock_guard lock(mutex_);
    sink_ = std::move(sink);
  }

  double period_seconds = 0.05;

 private:
  telemetry::History history_;
  records::MachineInfo machine_;
  std::uint64_t sequence_ = 0;
  std::mutex mutex_;
  std::function<void(const telemetry::Sample&)> sink_;
};

/// The instant that lies so many ticks of 50 ms after the first second of the clock.
inline Instant tick(int i) {
  return Instant(std::chrono::seconds(1)) + i * std::chrono::milliseconds(50);
}

}  // namespace ipw::rpc
