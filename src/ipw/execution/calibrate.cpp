// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/calibrate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"
#include "ipw/execution/readings.h"
#include "ipw/execution/setup.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/meter_log.h"

namespace ipw::execution {
namespace {

using telemetry::LoadPhase;

constexpr auto kTurn = std::chrono::milliseconds(50);
constexpr double kLeastGuard =
    2;  // seconds: a meter that refreshes each second shows a mean over the one before
constexpr double kLogPatience = 60;

/// Threads that compute until they are told not to.
class Burners {
 public:
  explicit Burners(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back(&burn);
  }

 private:
  static void burn(const std::stop_token& stop) {
    volatile double x = 1;
    while (!stop.stop_requested())
      for (int i = 0; i < 10'000; ++i) x = std::sqrt(x + 1.5);
  }
  std::vector<std::jthread> threads_;
};

/// What loads the machine in one phase; it ends with the object.
struct Load {
  std::optional<Burners> burners;
  std::optional<ChildProcess> command;
};

void start(Load& load, const CalibrateRequest& request, double level) {
  if (level <= 0) return;
  if (!request.load.empty())
    load.command.emplace(request.load, "/dev/null");
  else
    load.burners.emplace(
        std::max<std::size_t>(1, std::llround(level * std::max(1U, std::thread::hardware_concurrency()))));
}

/// Idle, full, idle, half, idle, ...: steps of two sizes show whether the gain depends on the load.
std::vector<double> levels_of(const CalibrateRequest& request) {
  std::vector<double> out = {0};
  const bool halves = request.load.empty() && std::thread::hardware_concurrency() > 1;
  for (int i = 0; i < request.cycles; ++i) {
    out.push_back(halves && i % 2 == 1 ? 0.5 : 1);
    out.push_back(0);
  }
  return out;
}

class Calibrator {
 public:
  Calibrator(const CalibrateRequest& request, const Surroundings& around, Observer& observer,
             const std::stop_token& stop)
      : request_(request),
        clock_(around.clock),
        observer_(observer),
        stop_(stop),
        sensors_(open_sensors(around)) {
    if (request.meter.empty()) return;
    telemetry::SourceOptions options;
    options.collectors = {request.meter};
    meter_ = telemetry::open_local(options, clock_);
  }

  CalibrateOutcome run() {
    run_load();
    for (const auto* source : {sensors_.get(), meter_.get()})
      if (source != nullptr)
        await_readings(*source, phases_.back().end, std::chrono::seconds(5), clock_, stop_);
    sleep(clock_.now());  // ends here when asked to stop
    const auto domains = pick_domains();
    const auto fit = telemetry::fit_gain(phases_, sum_of(domains), reference(), guard());
    if (!fit)
      throw Error(ErrorCode::Unavailable, fmt::format("no gain can be stated: {}", fit.error()),
                  "--phase-seconds and --cycles give it more time, --load a larger swing");
    for (const auto& domain : domains) outcome_.calibrations.push_back(entry(domain, *fit));
    outcome_.host = sensors_->machine().host_name;
    return std::move(outcome_);
  }

 private:
  std::unique_ptr<telemetry::Source> open_sensors(const Surroundings& around) {
    auto config = request_.config;
    config.calibration = "none";
    return open_source(config, around, observer_);
  }

  void run_load() {
    const auto levels = levels_of(request_);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      observer_.stage(fmt::format("phase {} of {}: {:.0f} % load, {:g} s", i + 1, levels.size(),
                                  100 * levels[i], request_.phase_seconds));
      Load load;
      const Instant begin = clock_.now();
      start(load, request_, levels[i]);
      sleep(begin + from_seconds(request_.phase_seconds));
      phases_.push_back({begin, clock_.now(), levels[i]});
    }
  }

  void sleep(Instant until) {
    while (clock_.now() < until && !stop_.stop_requested())
      clock_.sleep_until(std::min(until, clock_.now() + kTurn));
    if (stop_.stop_requested()) throw Error(ErrorCode::Cancelled, "cancelled; nothing was written");
  }

  /// Delay and average of the slower of the two; at most a third of a phase.
  Nanoseconds guard() const { return from_seconds(std::min(kLeastGuard, request_.phase_seconds / 3)); }

  static telemetry::EnergyBetween energy_of(const telemetry::Source& source, std::string name) {
    return [&source, name = std::move(name)](Instant begin, Instant end) -> std::optional<double> {
      for (const auto& energy : source.window(begin, end).energies)
        if (energy.domain == name) return energy.joules;
      return std::nullopt;
    };
  }

  telemetry::EnergyBetween sum_of(const std::vector<telemetry::Domain>& domains) const {
    std::vector<telemetry::EnergyBetween> parts;
    for (const auto& domain : domains) parts.push_back(energy_of(*sensors_, domain.name));
    return [parts](Instant begin, Instant end) -> std::optional<double> {
      double sum = 0;
      for (const auto& part : parts) {
        const auto joules = part(begin, end);
        if (!joules) return std::nullopt;
        sum += *joules;
      }
      return sum;
    };
  }

  /// How much a domain follows the load, in watts between idle and loaded phases.
  double swing_of(const telemetry::Domain& domain) const {
    const auto energy = energy_of(*sensors_, domain.name);
    std::array<double, 2> joules{}, seconds{};
    for (const auto& phase : phases_) {
      const Instant begin = phase.begin + guard(), end = phase.end - guard();
      const auto value = energy(begin, end);
      if (!value) return 0;
      const std::size_t loaded = phase.level > 0 ? 1 : 0;
      joules[loaded] += *value;
      seconds[loaded] += to_seconds(end - begin);
    }
    return joules[1] / seconds[1] - joules[0] / seconds[0];
  }

  std::vector<telemetry::Domain> pick_domains() const {
    const auto all = sensors_->domains();
    std::vector<telemetry::Domain> out;
    for (const auto& name : request_.domains) {
      const auto it = std::ranges::find(all, name, &telemetry::Domain::name);
      if (it == all.end())
        throw Error(ErrorCode::Usage, fmt::format("there is no domain '{}'", name), known(all));
      out.push_back(*it);
    }
    if (!out.empty()) return out;
    const telemetry::Domain* most = nullptr;
    double swing = 0;
    for (const auto& domain : all)
      if (const double s = candidate(domain) ? swing_of(domain) : 0; s > swing) most = &domain, swing = s;
    if (most == nullptr)
      throw Error(ErrorCode::Unavailable, "no sensor follows the load", "name one with --domain");
    for (const auto& domain : all)
      if (domain.collector == most->collector && domain.scope == most->scope && candidate(domain))
        out.push_back(domain);
    return out;
  }

  static bool candidate(const telemetry::Domain& domain) {
    return domain.parent.empty() && domain.alternative_to.empty() && domain.scope != telemetry::Scope::Wall &&
           domain.method != telemetry::Method::Modelled;
  }

  static std::string known(const telemetry::DomainList& all) {
    std::vector<std::string> names;
    for (const auto& domain : all) names.push_back(domain.name);
    return "there are: " + join(names, ", ");
  }

  telemetry::EnergyBetween reference() {
    auto energy = meter_ ? energy_of(*meter_, meter_->domains().at(0).name) : energy_of_log();
    return [energy = std::move(energy), efficiency = request_.supply_efficiency](Instant begin, Instant end) {
      const auto joules = energy(begin, end);
      return joules ? std::optional(*joules * efficiency) : std::nullopt;
    };
  }

  telemetry::EnergyBetween energy_of_log() {
    const double difference =
        static_cast<double>(unix_nanos(clock_.wall())) * 1e-9 - to_seconds(clock_.now().time_since_epoch());
    const double end = to_seconds(phases_.back().end.time_since_epoch()) + difference;
    auto log = telemetry::parse_meter_log(read_file(request_.meter_log));
    for (const Instant latest = clock_.now() + from_seconds(kLogPatience);
         log.back().unix_seconds < end && clock_.now() < latest;) {
      observer_.stage("waiting for the meter's log to reach the end of the load");
      sleep(clock_.now() + std::chrono::seconds(1));
      log = telemetry::parse_meter_log(read_file(request_.meter_log));
    }
    const auto lead = telemetry::clock_lead(log, phases_, difference);
    if (!lead)
      throw Error(ErrorCode::Unavailable, fmt::format("{} does not follow the load", request_.meter_log),
                  "is it of this machine and of this time? Its clock may be off by a minute at most");
    outcome_.clock_lead_seconds = *lead;
    return telemetry::energy_of_log(std::move(log), difference + *lead);
  }

  telemetry::Calibration entry(const telemetry::Domain& domain, const telemetry::GainFit& fit) const {
    telemetry::Calibration out;
    out.domain = domain.name;
    out.device = domain.device;
    out.fit = fit;
    out.offset_is_known = request_.reference_is_domain;
    out.reference = request_.meter.empty() ? request_.meter_log
                                           : request_.meter.substr(0, request_.meter.find_first_of(", "));
    out.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(clock_.wall())));
    return out;
  }

  const CalibrateRequest& request_;
  Clock& clock_;
  Observer& observer_;
  const std::stop_token& stop_;
  std::unique_ptr<telemetry::Source> sensors_, meter_;
  std::vector<LoadPhase> phases_;
  CalibrateOutcome outcome_;
};

}  // namespace

CalibrateOutcome calibrate(const CalibrateRequest& request, const Surroundings& around, Observer& observer,
                           const std::stop_token& stop) {
  return Calibrator(request, around, observer, stop).run();
}

std::filesystem::path calibration_path(const Surroundings& around) {
  return around.config_dir / "calibration.json";
}

std::vector<telemetry::Calibration> calibrations_of(const ProfileConfig& config, const Surroundings& around,
                                                    Observer& observer) {
  if (config.calibration == "none") return {};
  const bool named = config.calibration != "auto";
  const auto path = named ? std::filesystem::path(config.calibration) : calibration_path(around);
  if (!named && (around.config_dir.empty() || !config.sysfs_root.empty() || !std::filesystem::exists(path)))
    return {};
  auto file = telemetry::read_calibrations(path);
  const auto host = telemetry::read_machine(config.sysfs_root).host_name;
  if (!named && file.host != host) {
    observer.note(
        fmt::format("{} is of the machine '{}', not of this one: not applied", path.string(), file.host));
    return {};
  }
  if (!file.entries.empty()) observer.note(fmt::format("calibration: {}", path.string()));
  return std::move(file.entries);
}

}  // namespace ipw::execution
