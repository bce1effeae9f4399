// SPDX-License-Identifier: Apache-2.0
// Rule "time-share": between two consecutive starts or ends the energy belongs to the active requests in
// equal parts; on an accelerator to those in which a model works, where there is one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ipw/telemetry/attribution.h"

namespace ipw::telemetry {

namespace {

class TimeShare final : public Attribution {
 public:
  explicit TimeShare(const Source& source) : source_(source) { know_domains(); }

  void begin(std::int64_t request, Instant at) override { add(request, at, false); }
  void begin_aside(std::int64_t request, Instant at) override { add(request, at, true); }

  void end(std::int64_t request, const Work& work, bool taken) override {
    auto& change = changes_[work.done].more;
    --change.requests;
    if (!requests_[request].aside) --change.models;
    if (taken)
      requests_[request].end = work.done;
    else
      requests_.erase(request);
  }

  std::optional<WindowReport> take(std::int64_t request, bool force) override {
    const Life life = requests_.at(request);
    if (!life.end || (!force && !source_.settled(*life.end))) return std::nullopt;
    WindowReport report = source_.window(life.begin, *life.end);
    share(report, life);
    requests_.erase(request);
    retire(oldest_pending());
    return report;
  }

  Account totals() override {
    know_domains();
    retire(Instant::max());
    for (DeviceShare& total : totals_) {
      total.unattributed_joules = unattributed(total);
    }
    return {"time-share", begin_, changes_.empty() ? begin_ : changes_.begin()->first, totals_};
  }

 private:
  /// How many are active, and in how many of them a model works.
  struct Count {
    int requests = 0, models = 0;
    Count& operator+=(const Count& other) {
      requests += other.requests;
      models += other.models;
      return *this;
    }
  };
  /// A begin or an end, and the energies from here to the next one, once somebody asked.
  struct Change {
    Count more;  ///< active from here on besides those before
    std::vector<records::DomainEnergy> energies;
    Instant until{};
  };
  using Changes = std::map<Instant, Change>;
  struct Life {
    Instant begin{};
    std::optional<Instant> end;
    bool aside = false;
  };
  /// What a request has of the pieces of its life, on accelerators and on all else.
  struct Part {
    double now = 0, variation = 0;
    void become(double next) {
      variation += std::abs(next - now);
      now = next;
    }
  };

  void add(std::int64_t request, Instant at, bool aside) {
    if (changes_.empty()) begin_ = at;
    changes_[at].more += {1, aside ? 0 : 1};
    requests_[request] = {at, std::nullopt, aside};
  }

  static bool is_accelerator(const records::DomainEnergy& energy) {
    return energy.scope == to_string(Scope::Accelerator) || energy.scope == to_string(Scope::Instance);
  }

  // A device may appear during a run.
  void know_domains() {
    const DomainList domains = source_.domains();
    for (std::size_t i = totals_.size(); i < domains.size(); ++i) totals_.push_back({domains[i].name});
  }

  Instant oldest_pending() const {
    Instant oldest = Instant::max();
    for (const auto& [request, life] : requests_) oldest = std::min(oldest, life.begin);
    return oldest;
  }

  // Every request that was active asks for the same piece.
  const std::vector<records::DomainEnergy>& piece(Changes::iterator change) {
    const Instant until = std::next(change)->first;
    if (change->second.until != until) {
      change->second.energies = source_.window(change->first, until).energies;
      change->second.until = until;
    }
    return change->second.energies;
  }

  // Call a function with the energies of each piece between two changes within [from, to], which are changes
  // themselves, and the number of active requests.
  template <class Visit>
  void for_pieces(Instant from, Instant to, const Visit& visit) {
    Count active = active_before_;
    for (auto change = changes_.begin(); change != changes_.end() && change->first < to; ++change) {
      active += change->second.more;
      if (change->first >= from) visit(piece(change), active);
    }
  }

  void share(WindowReport& report, const Life& life) {
    std::vector<double> joules(report.energies.size(), 0);
    std::vector<bool> known(report.energies.size(), false);
    // An error at a change moves energy between neighbours in proportion to the jump of the share.
    Part accelerator, other;
    int most = 0;
    for_pieces(life.begin, *life.end, [&](const std::vector<records::DomainEnergy>& energies, Count active) {
      other.become(1.0 / std::max(active.requests, 1));
      accelerator.become(active.models == 0 ? other.now : life.aside ? 0 : 1.0 / active.models);
      most = std::max(most, active.requests);
      for (std::size_t i = 0; i < std::min(joules.size(), energies.size()); ++i) {
        if (!energies[i].joules) continue;
        joules[i] += *energies[i].joules * (is_accelerator(energies[i]) ? accelerator : other).now;
        known[i] = true;
      }
    });
    accelerator.become(0);
    other.become(0);
    know_domains();
    for (std::size_t i = 0; i < joules.size(); ++i) {
      records::DomainEnergy& energy = report.energies[i];
      if (!energy.joules || !known[i]) continue;
      const double variation = (is_accelerator(energy) ? accelerator : other).variation;
      energy.joules = joules[i];
      if (most > 1) energy.low_joules = energy.high_joules = std::nullopt;
      energy.half_width_joules *= variation / 2;
      energy.random_half_width_joules *= variation / 2;
      if (most > 1) energy.rule = fmt::format("time-share ({} concurrent)", most);
      totals_[i].request_joules += joules[i];
    }
  }

  // Book the device and idle energy of all that no request to come can ask for, and forget it.
  void retire(Instant until) {
    while (changes_.size() > 1 && std::next(changes_.begin())->first <= until) {
      if (!source_.settled(std::next(changes_.begin())->first)) break;
      const auto first = changes_.begin();
      active_before_ += first->second.more;
      const auto& energies = piece(first);
      for (std::size_t i = 0; i < std::min(totals_.size(), energies.size()); ++i) {
        const double joules = energies[i].joules.value_or(0);
        totals_[i].device_joules += joules;
        if (active_before_.requests == 0) totals_[i].idle_joules += joules;
      }
      changes_.erase(first);
    }
  }

  const Source& source_;
  Changes changes_;
  Count active_before_;                    ///< active before the first change that is kept
  std::map<std::int64_t, Life> requests_;  ///< running, or ended and not yet taken
  Instant begin_{};
  std::vector<DeviceShare> totals_;
};

}  // namespace

std::unique_ptr<Attribution> time_share(const Source& source) {
  return std::make_unique<TimeShare>(source);
}

}  // namespace ipw::telemetry
