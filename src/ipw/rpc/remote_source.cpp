// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/remote_source.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/rpc/clock_alignment.h"
#include "ipw/telemetry/history.h"

namespace ipw::rpc {
namespace {

using std::chrono::milliseconds;
using telemetry::Sample;

constexpr auto kFirstSampleLimit = std::chrono::seconds(5);
constexpr int kFirstRounds = 8, kLaterRounds = 2;
constexpr auto kHandshakeEvery = std::chrono::seconds(1);
constexpr milliseconds kFirstBackoff{50}, kLongestBackoff{250};
/// A stream that brings nothing for so long holds no window up any more.
constexpr auto kStall = std::chrono::seconds(3);
/// More domains than any machine has: a monitor that claims more is not believed.
constexpr std::size_t kMaxDomains = 4096;
constexpr std::size_t kOutagesKept = 1000;
/// The mark of a window that spans an outage: its energy comes from the absolute values of the counters.
constexpr auto kOutageRule = "monitor-lost";

double thread_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class RemoteSource final : public telemetry::Source {
 public:
  RemoteSource(std::unique_ptr<Transport> transport, Clock& clock, std::string name);

  telemetry::DomainList domains() const override { return history_->domains(); }
  const records::MachineInfo& machine() const override { return description_.machine; }
  bool settled(Instant end) const override;
  telemetry::WindowReport window(Instant begin, Instant end) const override;
  telemetry::SelfReport self() const override;
  std::string description() const override;
  void tap(std::function<void(const Sample&)> sink) override;

 private:
  struct Outage {
    Instant from{}, to{};  ///< last sample before, first sample after
  };
  struct State {                 ///< guarded by mutex_
    std::deque<Outage> outages;  ///< the latest
    std::uint64_t samples = 0, ticks = 0, missed = 0, dropped = 0, losses = 0;
    std::optional<Instant> first, last;  ///< mid-times of samples
    std::optional<Instant> arrival, lost_since;
    Nanoseconds outage{0};
    std::string last_cause;
    int wall_steps = 0;
    double cpu_seconds = 0;
    Nanoseconds clock_error{0};
  };

  void run(const std::stop_token& stop);
  std::string stream_once(const std::stop_token& stop, bool again);
  void adopt(const Description& now, bool again);
  void adopt_growth();
  void shake_hands(int rounds);
  void take(Sample sample, std::uint64_t dropped);
  void take_original(const OriginalReading& reading, StampBracket& bracket);
  void localise(Sample& sample) const;
  void deliver(const Sample& sample, std::uint64_t newly_dropped);
  void lose(const std::string& cause);
  std::optional<Nanoseconds> stalled_for(const State& state) const;

  std::unique_ptr<Transport> transport_;
  Clock& clock_;
  const std::string name_;
  const Instant opened_;
  bool original_ = false;
  Description description_;
  std::unique_ptr<telemetry::History> history_;  ///< made before the first sample is told, then only fed

  // Of the reading thread alone.
  std::vector<std::optional<std::uint32_t>> local_index_;  ///< the monitor's index of a domain -> ours
  std::vector<std::uint32_t> missing_;                     ///< ours that the monitor no longer has
  Handshake handshake_;
  Instant shaken_{};
  std::uint64_t stream_dropped_ = 0;
  std::optional<std::uint64_t> last_sequence_;
  std::uint64_t original_sequence_ = 0;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  State state_;
  std::function<void(const Sample&)> sink_;
  std::jthread reader_;  ///< last: it stops before the rest goes
};

RemoteSource::RemoteSource(std::unique_ptr<Transport> transport, Clock& clock, std::string name)
    : transport_(std::move(transport)), clock_(clock), name_(std::move(name)), opened_(clock.now()) {
  const auto described = transport_->describe();
  original_ = !described;
  if (described) adopt(*described, false);
  reader_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, kFirstSampleLimit, [&] { return state_.arrival.has_value(); })) return;
  const std::string cause = state_.last_cause.empty() ? "it sends no samples" : state_.last_cause;
  throw Error(ErrorCode::Unavailable, fmt::format("the monitor at {} is of no use: {}", name_, cause),
              "look at the monitor's own log, or leave --monitor out to sample in this process");
}

void RemoteSource::adopt(const Description& now, bool again) {
  if (now.domains.size() > kMaxDomains) {
    throw Error(ErrorCode::Format, fmt::format("{} claims {} domains", name_, now.domains.size()));
  }
  if (!again) {
    description_ = now;
    history_ = std::make_unique<telemetry::History>(now.domains);
  }
  const telemetry::DomainList ours = history_->domains();
  local_index_.assign(now.domains.size(), std::nullopt);
  missing_.clear();
  for (std::uint32_t i = 0; i < ours.size(); ++i) {
    const auto theirs = std::ranges::find(now.domains, ours[i].name, &telemetry::Domain::name);
    if (theirs == now.domains.end())
      missing_.push_back(i);
    else
      local_index_[static_cast<std::size_t>(theirs - now.domains.begin())] = i;
  }
  for (std::size_t i = 0; i < now.domains.size(); ++i) {
    if (!local_index_[i]) local_index_[i] = history_->add(now.domains[i]);
  }
}

// The monitor has found a sensor since we asked what it has.
void RemoteSource::adopt_growth() {
  const auto now = transport_->describe();
  if (!now || now->domains.size() > kMaxDomains) return;
  for (std::size_t i = local_index_.size(); i < now->domains.size(); ++i)
    local_index_.push_back(history_->add(now->domains[i]));
}

void RemoteSource::shake_hands(int rounds) {
  bool answered = false;
  for (int i = 0; i < rounds; ++i) {
    const Instant sent = clock_.now();
    const auto remote = transport_->clock();
    const bool believed = remote && handshake_.round(sent, *remote, clock_.now());
    answered = answered || remote;
    // A later handshake only renews the first: one good round is enough.
    if (believed && rounds == kLaterRounds) break;
  }
  if (!answered && rounds == kFirstRounds) {
    throw Error(ErrorCode::Unavailable, fmt::format("{} does not answer the clock handshake", name_));
  }
  shaken_ = clock_.now();
}

void RemoteSource::run(const std::stop_token& stop) {
  milliseconds backoff = kFirstBackoff;
  for (bool again = false; !stop.stop_requested(); again = true) {
    const auto samples_before = state_.samples;
    const std::string cause = stream_once(stop, again);
    if (stop.stop_requested()) return;
    lose(cause);
    std::unique_lock lock(mutex_);
    backoff = state_.samples > samples_before ? kFirstBackoff : std::min(kLongestBackoff, backoff * 2);
    changed_.wait_for(lock, stop, backoff, [] { return false; });
  }
}

std::string RemoteSource::stream_once(const std::stop_token& stop, bool again) try {
  if (original_) {
    StampBracket bracket(clock_.now());
    const StreamSinks sinks{{}, [&](const OriginalReading& reading) { take_original(reading, bracket); }};
    return transport_->stream(true, sinks, stop);
  }
  if (again) {
    const auto described = transport_->describe();
    if (!described) return "a monitor of another kind answers now";
    adopt(*described, true);
  }
  handshake_ = {};
  shake_hands(kFirstRounds);
  stream_dropped_ = 0;
  last_sequence_.reset();
  const StreamSinks sinks{[&](Sample sample, std::uint64_t dropped) { take(std::move(sample), dropped); },
                          {}};
  return transport_->stream(false, sinks, stop);
} catch (const Error& error) {
  return error.what();
}

void RemoteSource::localise(Sample& sample) const {
  const auto local = [&](std::uint32_t theirs) {
    return theirs < local_index_.size() ? local_index_[theirs] : std::nullopt;
  };
  sample.tick = handshake_.to_local(sample.tick).mid;
  std::erase_if(sample.readings, [&](const auto& reading) { return !local(reading.domain); });
  std::erase_if(sample.silent, [&](const auto& silence) { return !local(silence.domain); });
  for (auto& reading : sample.readings) {
    const Aligned at = handshake_.to_local(reading.mid);
    reading.domain = *local(reading.domain);
    reading.mid = at.mid;
    reading.half_width += at.half_width;
  }
  const auto machine = telemetry::GaugeReading::kMachine;
  std::erase_if(sample.gauges, [&](const auto& g) { return g.domain != machine && !local(g.domain); });
  for (auto& gauge : sample.gauges) {
    gauge.mid = handshake_.to_local(gauge.mid).mid;
    if (gauge.domain != machine) gauge.domain = *local(gauge.domain);
  }
  for (auto& silence : sample.silent) silence.domain = *local(silence.domain);
  for (const auto index : missing_)
    sample.silent.push_back({index, "the monitor came back without this sensor", telemetry::Cause::Lost});
}

void RemoteSource::take(Sample sample, std::uint64_t dropped) {
  if (clock_.now() - shaken_ > kHandshakeEvery) shake_hands(kLaterRounds);
  const auto unknown = [&](const auto& reading) { return reading.domain >= local_index_.size(); };
  if (std::ranges::any_of(sample.readings, unknown) || std::ranges::any_of(sample.silent, unknown))
    adopt_growth();
  localise(sample);
  const auto newly_dropped = dropped - std::min(dropped, std::exchange(stream_dropped_, dropped));
  if (last_sequence_ && sample.sequence > *last_sequence_ + 1) {
    const auto gap = sample.sequence - *last_sequence_ - 1;
    const std::lock_guard lock(mutex_);
    state_.missed += gap - std::min(gap, newly_dropped);
  }
  last_sequence_ = sample.sequence;
  deliver(sample, newly_dropped);
}

void RemoteSource::take_original(const OriginalReading& reading, StampBracket& bracket) {
  const Instant received = clock_.now();
  if (!history_) {
    description_.domains = domains_of(reading);
    description_.machine = reading.machine;
    history_ = std::make_unique<telemetry::History>(description_.domains);
  }
  const int steps = bracket.steps();
  const Aligned at = bracket.place(reading.unix_ns, received);
  Sample sample = to_sample(reading, description_.domains, at.mid, at.half_width);
  sample.sequence = ++original_sequence_;
  if (bracket.steps() > steps) {
    const std::lock_guard lock(mutex_);
    ++state_.wall_steps;
  }
  deliver(sample, 0);
}

void RemoteSource::deliver(const Sample& sample, std::uint64_t newly_dropped) {
  history_->feed(sample);
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.now();
  if (state_.lost_since && state_.last) state_.outages.push_back({*state_.last, sample.tick});
  if (state_.outages.size() > kOutagesKept) state_.outages.pop_front();
  if (state_.lost_since) state_.outage += now - *std::exchange(state_.lost_since, std::nullopt);
  if (!state_.first) state_.first = sample.tick;
  // Each of the monitor's threads has a sample of a tick: this one may be told already.
  if (original_ || !state_.last ||
      sample.tick - *state_.last > from_seconds(description_.period_seconds / 2)) {
    ++state_.ticks;
    state_.last = sample.tick;
  }
  state_.arrival = now;
  ++state_.samples;
  state_.dropped += newly_dropped;
  state_.cpu_seconds = thread_cpu_seconds();
  if (!original_) state_.clock_error = handshake_.error(now);
  if (sink_) sink_(sample);
  changed_.notify_all();
}

void RemoteSource::lose(const std::string& cause) {
  Sample silence;
  silence.tick = clock_.now();
  const auto count = history_ ? history_->domains().size() : 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    silence.silent.push_back({i, "the monitor was lost: " + cause, telemetry::Cause::Unreachable});
  }
  if (history_) history_->feed(silence);
  const std::lock_guard lock(mutex_);
  state_.last_cause = cause;
  if (!state_.arrival || state_.lost_since) return;
  state_.lost_since = silence.tick;
  ++state_.losses;
  if (sink_) sink_(silence);
}

std::optional<Nanoseconds> RemoteSource::stalled_for(const State& state) const {
  const Nanoseconds silence = clock_.now() - *state.arrival;
  return silence > kStall ? std::optional(silence) : std::nullopt;
}

bool RemoteSource::settled(Instant end) const {
  if (history_->settled(end)) return true;
  const std::lock_guard lock(mutex_);
  return stalled_for(state_).has_value();
}

telemetry::WindowReport RemoteSource::window(Instant begin, Instant end) const {
  telemetry::WindowReport report = history_->window(begin, end);
  double seconds = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const Outage& outage : state_.outages)
      seconds += std::max(0.0, to_seconds(std::min(end, outage.to) - std::max(begin, outage.from)));
  }
  if (seconds <= 0) return report;
  for (auto& energy : report.energies) {
    energy.validity.emplace_back(kOutageRule);
    energy.reason += fmt::format("{}the monitor was away for {:.1f} s of the window",
                                 energy.reason.empty() ? "" : "; ", seconds);
  }
  return report;
}

telemetry::SelfReport RemoteSource::self() const {
  telemetry::SelfReport out;
  out.problems = history_->problems();
  const std::lock_guard lock(mutex_);
  out.ticks = state_.ticks;
  out.missed_ticks = state_.missed;
  out.dropped_samples = state_.dropped;
  const double span = to_seconds(*state_.last - *state_.first);
  if (span > 0) out.achieved_hz = static_cast<double>(state_.ticks - 1) / span;
  out.period_seconds = description_.period_seconds;
  if (original_ && out.achieved_hz > 0) out.period_seconds = 1 / out.achieved_hz;
  out.cpu_seconds = state_.cpu_seconds;
  out.wall_seconds = to_seconds(clock_.now() - opened_);
  if (state_.losses > 0) {
    const auto open = state_.lost_since ? clock_.now() - *state_.lost_since : Nanoseconds(0);
    out.problems.push_back(fmt::format("monitor {}: lost {} time(s), {:.1f} s in all{}, last cause: {}",
                                       name_, state_.losses, to_seconds(state_.outage + open),
                                       state_.lost_since ? ", not back yet" : "", state_.last_cause));
  } else if (const auto silence = stalled_for(state_)) {
    out.problems.push_back(fmt::format("monitor {}: no sample for {:.1f} s", name_, to_seconds(*silence)));
  }
  if (state_.wall_steps > 0) {
    out.problems.push_back(
        fmt::format("monitor {}: its wall clock jumped {} time(s)", name_, state_.wall_steps));
  }
  return out;
}

std::string RemoteSource::description() const {
  if (original_) return fmt::format("monitor at {} (fields of the original only)", name_);
  const std::lock_guard lock(mutex_);
  return fmt::format("monitor at {} (ipw {}, {:.0f} ms, clock to {:.3f} ms)", name_, description_.version,
                     description_.period_seconds * 1e3, to_seconds(state_.clock_error) * 1e3);
}

void RemoteSource::tap(std::function<void(const Sample&)> sink) {
  const std::lock_guard lock(mutex_);
  sink_ = std::move(sink);
}

}  // namespace

std::unique_ptr<telemetry::Source> open_remote(std::unique_ptr<Transport> transport, Clock& clock,
                                               std::string name) {
  return std::make_unique<RemoteSource>(std::move(transport), clock, std::move(name));
}

}  // namespace ipw::rpc
