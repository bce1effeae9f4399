// SPDX-License-Identifier: Apache-2.0
// All that is known of a set of domains: fed with samples, asked for windows. The in-process source and a
// client of a remote monitor are this with different feeders.
#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ipw/telemetry/gauges.h"
#include "ipw/telemetry/series.h"

namespace ipw::telemetry {

/// Bounded memory: the last hour in full, energies of the last day thinned to a second. Thread-safe.
class History {
 public:
  explicit History(std::vector<Domain> domains);

  /// Add a domain and return its index. One that a collector had before, by its name, is that one come back.
  std::uint32_t add(Domain domain);
  void feed(const Sample& sample);

  DomainList domains() const;
  WindowReport window(Instant begin, Instant end, Rule rule = Rule::EdgeAware) const;
  /// Silent domains do not hold a window up.
  bool settled(Instant end) const;
  /// One line for each domain that was silent, reset or glitched, with counts and the last cause.
  std::vector<std::string> problems() const;

 private:
  struct Silence {
    std::uint64_t ticks = 0;
    bool now = false;
    std::string reason;
  };
  std::string unique_name(const Domain& domain) const;
  bool is_part(const Domain& domain) const;
  void fill_gauges(WindowReport& report, Instant begin, Instant end) const;
  void fill_power(WindowReport& report, Instant begin, Instant end) const;

  mutable std::mutex mutex_;
  DomainList domains_;
  std::vector<Series> series_;
  std::vector<Silence> silence_;
  GaugeBoard gauges_;
};

}  // namespace ipw::telemetry
