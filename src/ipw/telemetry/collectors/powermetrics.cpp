// SPDX-License-Identifier: Apache-2.0
// Apple SoCs through the program powermetrics: a child process, which may die.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors/apple.h"
#include "ipw/telemetry/collectors/powermetrics_plist.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

constexpr double kInterval = 0.1;                 // what powermetrics is asked for
constexpr auto kStale = std::chrono::seconds(1);  // without an interval the domains fall silent ...
constexpr auto kHung = std::chrono::seconds(5);   // ... and the child is started again
constexpr auto kFirstRetry = std::chrono::milliseconds(250);
constexpr auto kLastRetry = std::chrono::seconds(30);
constexpr std::uint32_t kSoc = 0, kGpu = 2;

AppleEnergies energies_of(const AppleInterval& interval) {
  AppleEnergies out{interval.combined_joules, interval.cpu_joules, interval.gpu_joules, interval.ane_joules,
                    interval.dram_joules};
  add_up(out);
  return out;
}

class Powermetrics final : public Collector {
 public:
  explicit Powermetrics(StartStream start)
      : start_(std::move(start)),
        domains_(apple_domains("powermetrics", kInterval, false)),
        child_(start_()) {}

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (!heard_) heard_ = polled_ = now;
    std::string bytes;
    const bool alive = child_ && child_->read(bytes);
    take(splitter_.feed(bytes), now, sample);
    if (child_ && !alive)
      end(fmt::format("powermetrics has ended: {}", child_->last_words()), now);
    else if (child_ && now - *heard_ > kHung)
      end("powermetrics hangs and is started again", now);
    if (!child_ && now >= retry_) restart(now);
    if (now - *heard_ > kStale || !child_) say_why(now, sample);
    polled_ = now;
  }

 private:
  // The ends of the intervals follow each other by their own lengths; the last one ended between the last
  // poll and this one.
  void take(const std::vector<std::string>& documents, Instant now, Sample& sample) {
    std::vector<AppleInterval> intervals;
    for (const std::string& document : documents) {
      auto interval = parse_powermetrics(document);
      if (interval)
        intervals.push_back(std::move(*interval));
      else
        complaint_ = interval.error();
    }
    Nanoseconds behind{0};
    for (const AppleInterval& interval : intervals) behind += from_seconds(interval.seconds);
    for (const AppleInterval& interval : intervals) {
      const Nanoseconds length = from_seconds(interval.seconds);
      behind -= length;
      const Instant latest = now - behind, earliest = std::min(latest, *polled_ - behind);
      const Instant end = ended_ ? std::clamp(*ended_ + length, earliest, latest) : latest;
      give(interval, end, (latest - earliest) / 2, sample);
      ended_ = end;
    }
    if (intervals.empty()) return;
    heard_ = now;
    complaint_.clear();
    backoff_ = kFirstRetry;
    gauges(intervals.back(), now, sample);
  }

  void give(const AppleInterval& interval, Instant end, Nanoseconds half_width, Sample& sample) {
    const AppleEnergies joules = energies_of(interval);
    if (joules.back() && domains_.size() < kAppleRails)
      domains_ = apple_domains("powermetrics", kInterval, true);
    // The counters begin again with a child: at 0 when its first interval began.
    const bool first = !ended_;
    if (first) counted_ = {};
    for (std::uint32_t i = 0; i < domains_.size(); ++i) {
      if (!joules[i]) {
        sample.silent.push_back({i,
                                 fmt::format("powermetrics does not tell the energy of {}", domains_[i].name),
                                 Cause::Unsupported});
        continue;
      }
      if (first)
        sample.readings.push_back({i, end - from_seconds(interval.seconds), half_width, 0.0, std::nullopt});
      counted_[i] += *joules[i];
      sample.readings.push_back({i, end, half_width, counted_[i], *joules[i] / interval.seconds});
    }
  }

  static void gauges(const AppleInterval& interval, Instant now, Sample& sample) {
    const auto push = [&](Gauge gauge, std::optional<double> value, std::uint32_t domain) {
      if (value) sample.gauges.push_back({gauge, now, *value, domain});
    };
    push(Gauge::GpuUtilization, interval.gpu_active_pct, kGpu);
    push(Gauge::CoreClock, interval.gpu_clock_mhz, kGpu);
    if (interval.throttled)
      push(Gauge::Throttle, static_cast<double>(*interval.throttled ? kThrottleThermal : 0U), kSoc);
  }

  void end(std::string why, Instant now) {
    complaint_ = std::move(why);
    child_.reset();
    splitter_.reset();
    ended_.reset();
    retry_ = now + backoff_;
    backoff_ = std::min<Nanoseconds>(2 * backoff_, kLastRetry);
  }

  void restart(Instant now) {
    try {
      child_ = start_();
      heard_ = now;
    } catch (const Error& e) {
      end(e.what(), now);
    }
  }

  void say_why(Instant now, Sample& sample) const {
    const std::string reason = !complaint_.empty() ? complaint_
                                                   : fmt::format("powermetrics has told nothing for {:.1f} s",
                                                                 to_seconds(now - *heard_));
    for (std::uint32_t i = 0; i < domains_.size(); ++i)
      sample.silent.push_back({i, reason, child_ ? Cause::Stale : Cause::Lost});
  }

  StartStream start_;
  std::vector<Domain> domains_;
  std::unique_ptr<TextStream> child_;
  PlistSplitter splitter_;
  std::array<double, kAppleRails> counted_{};  // joules since the child began, by rail
  std::optional<Instant> ended_;               // the last interval
  std::optional<Instant> heard_, polled_;
  Instant retry_{};
  Nanoseconds backoff_{kFirstRetry};
  std::string complaint_;
};

class Child final : public TextStream {
 public:
  explicit Child(const std::vector<std::string>& argv) : process_(argv) {}
  bool read(std::string& into) override { return process_.read(into); }
  std::string last_words() override { return process_.last_words(); }
  void wait(Seconds most) const { process_.wait(most); }

 private:
  PipedProcess process_;
};

std::vector<std::string> command_line(const std::string& program, bool ane) {
  return {program,
          "--samplers",
          ane ? "cpu_power,gpu_power,ane_power,thermal" : "cpu_power,gpu_power,thermal",
          "-i",
          fmt::format("{:.0f}", kInterval * 1000),
          "-f",
          "plist",
          "-b",
          "0",
          "--hide-cpu-duty-cycle"};
}

// A stream that has begun, and the bytes that its beginning has brought already.
class Begun final : public TextStream {
 public:
  Begun(std::unique_ptr<Child> child, std::string first)
      : child_(std::move(child)), first_(std::move(first)) {}
  bool read(std::string& into) override {
    into += first_;
    first_.clear();
    return child_->read(into);
  }
  std::string last_words() override { return child_->last_words(); }
  void wait(Seconds most) const { child_->wait(most); }

 private:
  std::unique_ptr<Child> child_;
  std::string first_;
};

// Start it, and wait until it writes or ends.
std::unique_ptr<Begun> begin(const std::string& program, bool ane) {
  constexpr Seconds kPatience{3};
  auto child = std::make_unique<Child>(command_line(program, ane));
  std::string first;
  child->wait(kPatience);
  if (child->read(first) || !first.empty())
    return std::make_unique<Begun>(std::move(child), std::move(first));
  const std::string words = child->last_words();
  // Older systems have the ANE in cpu_power.
  if (ane && words.find("unrecognized sampler") != std::string::npos) return begin(program, false);
  throw Error(ErrorCode::Unavailable, fmt::format("{} does not sample: {}", program, words),
              "it needs root: sudo, or a monitor that runs as root");
}

std::string in_path() {
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path ? path : "", ':')) {
    const std::string candidate = fmt::format("{}/powermetrics", folder);
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::string program_of(const CollectorOptions& options) {
  if (!options.argument.empty()) return options.argument;
  if (options.root.empty()) return in_path();
  const std::string simulated = options.root + "/usr/bin/powermetrics";
  return ::access(simulated.c_str(), X_OK) == 0 ? simulated : "";
}

Result<AppleInterval, std::string> first_interval(Begun& stream) {
  constexpr int kLooks = 30;
  PlistSplitter splitter;
  for (int i = 0; i < kLooks; ++i) {
    std::string text;
    const bool alive = stream.read(text);
    if (const auto documents = splitter.feed(text); !documents.empty())
      return parse_powermetrics(documents.front());
    if (!alive) break;
    stream.wait(Seconds(0.1));
  }
  return Unexpected<std::string>("powermetrics wrote no whole property list");
}

}  // namespace

std::unique_ptr<Collector> make_powermetrics(StartStream start) {
  return std::make_unique<Powermetrics>(std::move(start));
}

StartStream find_powermetrics(const CollectorOptions& options) {
  const std::string program = program_of(options);
  if (program.empty()) {
    throw Error(ErrorCode::Unavailable, "there is no program powermetrics: this is no macOS",
                "name another one with apple:/path/to/program");
  }
  return [program] { return begin(program, true); };
}

std::vector<SensorStatus> diagnose_apple(const std::string& root) {
  const std::string program = program_of({root, ""});
  if (program.empty()) return {};
  SensorStatus out{"Apple SoC", false, {}, {}};
  try {
    const auto interval = first_interval(*begin(program, true));
    out.present = interval.has_value();
    if (interval)
      out.detail = fmt::format("{}, {:.1f} W for CPU, GPU and ANE", interval->model,
                               energies_of(*interval).front().value_or(0) / interval->seconds);
    else
      out.detail = interval.error();
    if (!interval) out.remedy = "energy is told on Apple silicon alone, and not in virtual machines";
  } catch (const Error& e) {
    out.detail = e.what();
    out.remedy = e.hint();
  }
  return {out};
}

}  // namespace ipw::telemetry
