// SPDX-License-Identifier: Apache-2.0
// All that is known of a set of domains: fed with samples, asked for windows. The in-process source and a
// client of a remote monitor are this with different feeders.
#pragma once
#include <deque>
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

  /// Add a domain and return its index. One that its owner had before, by its name, is that one come back;
  /// the name of another owner's domain gets something behind it.
  std::uint32_t add(Domain domain, std::uint32_t owner = 0);
  void feed(const Sample& sample);
  /// Say that nothing is known of a domain between two instants, or of all (kAll): windows across them have
  /// less coverage, P_cap more half-width, and the reason. A span that grows is told again with its begin.
  static constexpr std::uint32_t kAll = UINT32_MAX;
  void mark_unknown(std::uint32_t domain, Instant from, Instant to, const std::string& reason);

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
  struct Unknown {
    std::uint32_t domain = kAll;
    Instant from{}, to{};
    std::string reason;
  };
  void leave_out(records::DomainEnergy& energy, std::uint32_t domain, Instant begin, Instant end) const;
  std::string unique_name(const Domain& domain) const;
  bool is_part(const Domain& domain) const;
  void fill_gauges(WindowReport& report, Instant begin, Instant end) const;
  void fill_power(WindowReport& report, Instant begin, Instant end) const;

  mutable std::mutex mutex_;
  DomainList domains_;
  std::vector<std::pair<std::string, std::uint32_t>> given_;  ///< the name that the owner gave, and the owner
  std::vector<Series> series_;
  std::vector<Silence> silence_;
  std::deque<Unknown> unknown_;  ///< the latest thousand
  GaugeBoard gauges_;
};

}  // namespace ipw::telemetry
