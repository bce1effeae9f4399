// SPDX-License-Identifier: Apache-2.0
// A source of readings whose energy is known, for tests.
#pragma once
#include <functional>
#include <string>

#include "ipw/execution/span_ledger.h"

namespace ipw::execution {

inline Instant at(double seconds) {
  return Instant(from_seconds(seconds));
}

/// Readings of an accelerator whose power rises with time and of a package of 10 W, up to a point in time.
class Ramp final : public telemetry::Source {
 public:
  Instant arrived = Instant::max();
  telemetry::DomainList domains() const override { return domains_; }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return end <= arrived; }
  telemetry::WindowReport window(Instant begin, Instant end) const override {
    const double from = to_seconds(begin.time_since_epoch()), to = to_seconds(end.time_since_epoch());
    telemetry::WindowReport report;
    report.energies = {energy("gpu-0", "accelerator", 100 * (to - from) + 5 * (to * to - from * from)),
                       energy("package-0", "package", 10 * (to - from))};
    return report;
  }
  telemetry::SelfReport self() const override { return {}; }
  std::string description() const override { return "ramp"; }
  void tap(std::function<void(const telemetry::Sample&)>) override {}

 private:
  static records::DomainEnergy energy(const char* domain, const char* scope, double joules) {
    records::DomainEnergy out;
    out.domain = domain;
    out.scope = scope;
    out.method = "simulated";
    out.coverage = 1;
    out.joules = joules;
    return out;
  }
  std::vector<telemetry::Domain> domains_{{.name = "gpu-0"}, {.name = "package-0"}};
  records::MachineInfo machine_;
};

}  // namespace ipw::execution
