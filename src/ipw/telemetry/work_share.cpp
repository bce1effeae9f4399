// SPDX-License-Identifier: Apache-2.0
// Rule "work-share". The run is cut into stretches several times as long as the slowest sensor's period, so
// that what a sensor shows late stays within its stretch. A stretch is observed when all of its requests have
// ended, and shared when the run has told what tokens cost.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <numbers>

#include "ipw/telemetry/attribution.h"
#include "ipw/telemetry/deviation_ladder.h"
#include "ipw/telemetry/work_stretch.h"

namespace ipw::telemetry {

namespace {

constexpr double kShortestStretch = 0.25, kLongestStretch = 2, kPeriodsPerStretch = 5;
// Sharing begins with so many stretches, or when so many ended requests wait for it.
constexpr std::size_t kStretchesFirst = 16, kMostWaiting = 256;
// Of one request's cost, as a share (1 sigma), where the run does not tell.
constexpr double kDefaultRequestDeviation = 0.1;

/// What a request has been given in one domain.
struct Given {
  double net = 0, idle = 0;
  double gain = 0, edges = 0;  ///< half-widths
  double by_log_ratio = 0;     ///< change of net joules when ln(c_p / c_d) grows by 1
  double share_before = 0, edge_before = 0;
  double missing_seconds = 0;
};

struct Life {
  Instant begin{};
  std::optional<Work> work;  ///< once it has ended
  WorkCurve curve;
  bool taken = true;
  int most = 1;          ///< active at once with it
  bool measured = true;  ///< nobody was beside it, so that its energy is measured and not attributed
  std::vector<Given> given;
};

/// The evidence of one domain.
struct Fits {
  TokenFit shared, alone;
  std::optional<FittedTokens> best() const {
    const auto a = shared.solve(), b = alone.solve();
    if (a && !a->default_ratio) return a;
    if (b && !b->default_ratio) return b;
    return a ? a : b;
  }
  std::string from() const {
    const auto a = shared.solve(), b = alone.solve();
    if (a && !a->default_ratio) return "shared stretches";
    return b && !b->default_ratio ? "exclusive stretches" : "default ratio";
  }
};

/// What is summed for the single-stream figure and its counterpart.
struct PerToken {
  double joules = 0, tokens = 0;
  std::size_t requests = 0;
  void add(double net, std::optional<double> output_tokens) {
    if (!output_tokens || *output_tokens <= 0) return;
    joules += net;
    tokens += *output_tokens;
    ++requests;
  }
  std::optional<double> figure() const { return tokens > 0 ? std::optional(joules / tokens) : std::nullopt; }
};

class WorkShare final : public Attribution {
 public:
  WorkShare(const Source& source, IdleWatts idle) : source_(source), idle_(std::move(idle)) { grow(); }

  void begin(std::int64_t request, Instant at) override {
    if (!frontier_) frontier_ = begin_ = at;
    seen_ = std::max(seen_, at);
    lives_[request].begin = at;
  }

  void end(std::int64_t request, const Work& work, bool taken) override {
    Life& life = lives_[request];
    life.work = work;
    life.curve = WorkCurve(work);
    life.taken = taken;
    waiting_ += taken;
    seen_ = std::max(seen_, work.done);
  }

  void calibrate(const Work& work) override { calibrations_.push_back(work); }

  std::optional<WindowReport> take(std::int64_t request, bool force) override;
  Account totals() override;

 private:
  void grow();
  double idle_watts(std::size_t domain) const;
  Nanoseconds step() const;
  void advance(bool force);
  std::optional<Instant> next_cut(bool force) const;
  Stretch observe(Instant begin, Instant end) const;
  void count_activity(Stretch& stretch) const;
  void learn(const Stretch& stretch);
  void learn_calibrations();
  void share(const Stretch& stretch);
  void share_domain(const Stretch& stretch, std::size_t domain);
  void give_measured(const Stretch& stretch, std::size_t domain);
  double request_deviation(std::size_t domain) const;
  void forget(Instant until);
  void fill(records::DomainEnergy& energy, std::size_t domain, const Life& life) const;

  const Source& source_;
  IdleWatts idle_;
  std::optional<Instant> frontier_;  ///< up to here all is observed
  Instant begin_{}, shared_{};       ///< ... and shared
  Instant seen_{};                   ///< the last begin or end
  std::map<std::int64_t, Life> lives_;
  std::size_t waiting_ = 0;  ///< ended, not taken
  std::deque<Stretch> stretches_;
  std::vector<Work> calibrations_;
  std::vector<Fits> fits_;
  DeviationLadder ladder_;
  std::vector<PerToken> alone_, all_;
  std::vector<DeviceShare> totals_;
};

void WorkShare::grow() {
  const DomainList domains = source_.domains();
  for (std::size_t i = totals_.size(); i < domains.size(); ++i)
    totals_.push_back({.domain = domains[i].name});
  fits_.resize(totals_.size());
  alone_.resize(totals_.size());
  all_.resize(totals_.size());
}

double WorkShare::idle_watts(std::size_t domain) const {
  return std::max(0.0, idle_(totals_[domain].domain).value_or(0));
}

Nanoseconds WorkShare::step() const {
  double slowest = 0;
  const DomainList domains = source_.domains();
  for (std::size_t i = 0; i < domains.size(); ++i) slowest = std::max(slowest, domains[i].update_seconds);
  return from_seconds(std::clamp(kPeriodsPerStretch * slowest, kShortestStretch, kLongestStretch));
}

// The end of the next stretch that can be observed: nothing that is still running may lie in it, and nothing
// that has yet to begin.
std::optional<Instant> WorkShare::next_cut(bool force) const {
  Instant cut = *frontier_ + step(), last = *frontier_;
  for (const auto& [id, life] : lives_) {
    if (!life.work && life.begin < cut && !force) return std::nullopt;
    if (life.work) last = std::max(last, life.work->done);
  }
  if (force) cut = std::min(cut, last);
  if (cut <= *frontier_ || (!force && (cut > seen_ || !source_.settled(cut)))) return std::nullopt;
  return cut;
}

void WorkShare::advance(bool force) {
  if (!frontier_) return;
  grow();
  learn_calibrations();
  while (const auto cut = next_cut(force)) {
    stretches_.push_back(observe(*frontier_, *cut));
    learn(stretches_.back());
    frontier_ = cut;
  }
  const bool wait =
      !force && stretches_.size() < kStretchesFirst && waiting_ < kMostWaiting && shared_ == Instant{};
  for (; !wait && !stretches_.empty(); stretches_.pop_front()) share(stretches_.front());
}

Stretch WorkShare::observe(Instant begin, Instant end) const {
  Stretch out{.begin = begin, .end = end};
  for (const auto& [id, life] : lives_) {
    const Instant done = life.work ? life.work->done : end;
    if (life.begin >= end || done <= begin) continue;
    out.parts.push_back({.request = id,
                         .tokens = life.curve.between(begin, end),
                         .active_seconds = to_seconds(std::min(end, done) - std::max(begin, life.begin)),
                         .known = life.curve.known(),
                         .ends = done <= end});
  }
  count_activity(out);
  out.energies = source_.window(begin, end).energies;
  for (Part& part : out.parts) {
    if (out.most > 1) break;
    const Life& life = lives_.at(part.request);
    const Instant done = life.work ? life.work->done : end;
    part.own = source_.window(std::max(begin, life.begin), std::min(end, done)).energies;
  }
  return out;
}

// Go through the pieces between starts and ends: idle power is shared by time among those who were there.
void WorkShare::count_activity(Stretch& stretch) const {
  std::vector<Instant> cuts{stretch.begin, stretch.end};
  std::vector<const Life*> active;
  for (const Part& part : stretch.parts) {
    active.push_back(&lives_.at(part.request));
    cuts.push_back(std::clamp(active.back()->begin, stretch.begin, stretch.end));
    if (active.back()->work)
      cuts.push_back(std::clamp(active.back()->work->done, stretch.begin, stretch.end));
  }
  std::ranges::sort(cuts);
  int least = static_cast<int>(stretch.parts.size());
  for (std::size_t k = 1; k < cuts.size(); ++k) {
    const Instant from = cuts[k - 1], to = cuts[k];
    if (to <= from) continue;
    const auto is_active = [&](const Life* l) {
      return l->begin <= from && (!l->work || l->work->done >= to);
    };
    const auto n = static_cast<int>(std::ranges::count_if(active, is_active));
    stretch.most = std::max(stretch.most, n);
    least = std::min(least, n);
    if (n == 0) stretch.nobody_seconds += to_seconds(to - from);
    for (std::size_t i = 0; i < active.size(); ++i)
      if (is_active(active[i])) stretch.parts[i].idle_share_seconds += to_seconds(to - from) / n;
  }
  stretch.alone = least == 1 && stretch.most == 1 && stretch.parts.size() == 1;
}

void WorkShare::learn(const Stretch& stretch) {
  const bool told = std::ranges::all_of(stretch.parts, &Part::known);
  if (!told || stretch.parts.empty() || stretch.end - stretch.begin < step()) return ladder_.interrupt();
  DeviationLadder::Stretch rung{.joules = {}};
  TokenFit::Row row;
  for (const Part& part : stretch.parts) {
    const auto [p, d] = rung.tokens[part.request] = part.tokens;
    row.tokens.prefill += p;
    row.tokens.decode += d;
    row.prefill_squares += p * p;
    row.products += p * d;
    row.decode_squares += d * d;
  }
  rung.joules.resize(fits_.size());
  for (std::size_t i = 0; i < stretch.energies.size() && i < fits_.size(); ++i) {
    const auto& energy = stretch.energies[i];
    if (!energy.joules || energy.coverage < 1) continue;
    row.joules = *energy.joules - idle_watts(i) * to_seconds(stretch.end - stretch.begin);
    rung.joules[i] = row.joules;
    (stretch.alone ? fits_[i].alone : fits_[i].shared).add(row);
  }
  ladder_.add(std::move(rung));
}

void WorkShare::learn_calibrations() {
  for (const Work& work : std::exchange(calibrations_, {})) {
    const WorkCurve curve(work);
    if (!curve.known() || work.arrivals.empty()) continue;
    const Instant first = work.arrivals.front();
    for (const auto& [from, to] : {std::pair(work.sent, first), std::pair(first, work.done)}) {
      if (to <= from) continue;
      const auto energies = source_.window(from, to).energies;
      const Tokens tokens = curve.between(from, to);
      const auto [p, d] = tokens;
      for (std::size_t i = 0; i < energies.size() && i < fits_.size(); ++i) {
        if (!energies[i].joules || energies[i].coverage < 1) continue;
        const double net = *energies[i].joules - idle_watts(i) * to_seconds(to - from);
        fits_[i].alone.add({tokens, p * p, p * d, d * d, net});
        alone_[i].joules += net;
        if (from == work.sent) alone_[i].add(0, work.output_tokens);
      }
    }
  }
}

void WorkShare::share(const Stretch& stretch) {
  for (const Part& part : stretch.parts) {
    const auto found = lives_.find(part.request);
    if (found == lives_.end()) continue;
    found->second.given.resize(totals_.size());
    found->second.most = std::max(found->second.most, stretch.most);
    found->second.measured &= stretch.most == 1;
  }
  for (std::size_t i = 0; i < stretch.energies.size() && i < totals_.size(); ++i) share_domain(stretch, i);
  shared_ = stretch.end;
  forget(shared_);
}

// No two requests overlap: each has the energy of its own time, the rest is nobody's.
void WorkShare::give_measured(const Stretch& stretch, std::size_t i) {
  double rest = stretch.energies[i].joules.value_or(0);
  for (const Part& part : stretch.parts) {
    const auto found = lives_.find(part.request);
    if (found == lives_.end() || i >= part.own.size()) continue;
    const auto& own = part.own[i];
    Given& given = found->second.given[i];
    if (!stretch.energies[i].joules || !own.joules) {
      given.missing_seconds += part.active_seconds;
      continue;
    }
    const double joules = std::min(*own.joules, rest);
    const double idle = std::min(idle_watts(i) * part.active_seconds, joules);
    given.net += joules - idle;
    given.idle += idle;
    given.gain += own.half_width_joules - own.random_half_width_joules;
    given.edges += own.random_half_width_joules;
    given.share_before = 1;
    given.edge_before = own.random_half_width_joules / std::numbers::sqrt2;
    given.missing_seconds += part.active_seconds * (1 - own.coverage);
    rest -= joules;
  }
  totals_[i].idle_joules += rest;
}

void WorkShare::share_domain(const Stretch& stretch, std::size_t i) {
  const auto& energy = stretch.energies[i];
  const double seconds = to_seconds(stretch.end - stretch.begin);
  const double whole = energy.joules.value_or(0);
  totals_[i].device_joules += whole;
  if (stretch.most <= 1) return give_measured(stretch, i);
  const double idle = std::min(idle_watts(i) * seconds, whole), above = whole - idle;
  const double gain = energy.half_width_joules - energy.random_half_width_joules;
  const double edge = energy.random_half_width_joules / std::numbers::sqrt2;  // the window has two
  const Shares shares = shares_of(stretch, fits_[i].best());
  totals_[i].idle_joules += idle * stretch.nobody_seconds / seconds;
  for (std::size_t k = 0; k < stretch.parts.size(); ++k) {
    const Part& part = stretch.parts[k];
    const auto found = lives_.find(part.request);
    if (found == lives_.end()) continue;
    Given& given = found->second.given[i];
    const double s = shares.share[k], net = above * s, idle_part = idle * part.idle_share_seconds / seconds;
    given.net += net;
    given.idle += idle_part;
    given.by_log_ratio += above * shares.by_log_ratio[k];
    if (whole > 0) given.gain += gain * (net + idle_part) / whole;
    // What an edge puts on the wrong side changes a request by the jump of its share there.
    given.edges += std::abs(s - given.share_before) * std::max(edge, given.edge_before);
    if (part.ends) given.edges += s * edge;
    given.share_before = s;
    given.edge_before = edge;
    if (!energy.joules || energy.coverage < 1)
      given.missing_seconds += part.active_seconds * (energy.joules ? 1 - energy.coverage : 1);
  }
}

// Nobody asks for a request that was cancelled.
void WorkShare::forget(Instant until) {
  std::erase_if(lives_, [until](const auto& entry) {
    const Life& life = entry.second;
    return !life.taken && life.work && life.work->done <= until;
  });
}

std::optional<WindowReport> WorkShare::take(std::int64_t request, bool force) {
  const auto found = lives_.find(request);
  if (found == lives_.end() || !found->second.work) return std::nullopt;
  const Instant done = found->second.work->done;
  if (shared_ < done) advance(force);
  if (shared_ < done && !force) return std::nullopt;
  const Life life = std::move(found->second);
  lives_.erase(found);
  --waiting_;
  WindowReport report = source_.window(life.begin, done);
  // A device that appeared after its stretches has no account of this request.
  for (std::size_t i = 0; i < report.energies.size(); ++i) {
    if (i >= life.given.size()) {
      report.energies[i].joules.reset();
      if (report.energies[i].reason.empty())
        report.energies[i].reason = "the device appeared during the request";
      continue;
    }
    fill(report.energies[i], i, life);
    if (!report.energies[i].joules) continue;
    totals_[i].request_joules += *report.energies[i].joules;
    totals_[i].shared_idle_joules += life.given[i].idle;
    all_[i].add(life.given[i].net, life.work->output_tokens);
    if (life.most == 1) alone_[i].add(life.given[i].net, life.work->output_tokens);
  }
  return report;
}

void WorkShare::fill(records::DomainEnergy& energy, std::size_t domain, const Life& life) const {
  const Given& given = life.given[domain];
  const double seconds = to_seconds(life.work->done - life.begin);
  energy.coverage = std::clamp(1 - given.missing_seconds / std::max(seconds, 1e-9), 0.0, 1.0);
  if (energy.coverage <= 0) {
    energy.joules.reset();
    if (energy.reason.empty()) energy.reason = "the energy of its stretches is unknown";
    return;
  }
  const auto fit = fits_[domain].best();
  const double log_ratio = fit ? fit->log_ratio_deviation : std::log(4.0) / 1.96;
  const double missing = given.missing_seconds * source_.domains()[domain].cap_watts;
  energy.joules = given.net + given.idle;
  if (!life.measured) {
    const double own = 1.96 * request_deviation(domain) * given.net;
    energy.low_joules = energy.high_joules = std::nullopt;
    energy.random_half_width_joules = given.edges + own + missing;
    energy.half_width_joules =
        energy.random_half_width_joules + 1.96 * log_ratio * std::abs(given.by_log_ratio) + given.gain;
  }
  if (idle_(energy.domain)) energy.idle_joules = given.idle;
  energy.rule = life.most > 1
                    ? fmt::format("work-share ({} concurrent, c from {})", life.most, fits_[domain].from())
                    : "work-share (alone)";
  if (given.missing_seconds > 0)
    energy.reason =
        fmt::format("{:.3f} s of the window are missing (reset or silent sensor)", given.missing_seconds);
}

double WorkShare::request_deviation(std::size_t domain) const {
  const auto fit = fits_[domain].best();
  return (fit ? ladder_.deviation(domain, *fit) : std::nullopt).value_or(kDefaultRequestDeviation);
}

Account WorkShare::totals() {
  advance(true);
  Account out{"work-share", begin_, shared_, {}};
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    DeviceShare total = totals_[i];
    total.unattributed_joules = unattributed(total);
    if (const auto fit = fits_[i].best())
      total.tokens = TokenEnergy{fit->prefill, fit->decode, fits_[i].from(), request_deviation(i)};
    total.alone_requests = alone_[i].requests;
    total.alone_joules_per_token = alone_[i].figure();
    total.joules_per_token = all_[i].figure();
    out.domains.push_back(std::move(total));
  }
  return out;
}

}  // namespace

std::unique_ptr<Attribution> work_share(const Source& source, IdleWatts idle) {
  return std::make_unique<WorkShare>(source, std::move(idle));
}

}  // namespace ipw::telemetry
