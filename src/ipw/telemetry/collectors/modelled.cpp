// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/cpu_model.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/proc_stat.h"

namespace ipw::telemetry {

namespace {

class Modelled final : public Collector {
 public:
  Modelled(const std::string& root, const CpuPowerModel& model) : model_(model), stat_(root + "/proc/stat") {
    Domain domain;
    domain.name = "cpu-modelled";
    domain.scope = Scope::Package;
    domain.method = Method::Modelled;
    domain.collector = "modelled";
    domain.cap_watts = 2 * model.watts(1);
    domain.relative_half_width = model.relative_half_width();
    domain.note =
        fmt::format("MODELLED from CPU load, not measured: +-{:.0f} %", 100 * domain.relative_half_width);
    domains_.push_back(std::move(domain));
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant begin = clock.now();
    const auto content = stat_.read();
    const Bracket bracket{begin, clock.now()};
    if (!content) {
      sample.silent.emplace_back(0U, explain(stat_.path(), content.error()));
      return;
    }
    const auto times = parse_cpu_times(*content);
    if (!times) {
      sample.silent.emplace_back(0U, stat_.path() + " does not begin with the line 'cpu'");
      return;
    }
    advance(*times, bracket.mid());
    sample.readings.push_back({0, bracket.mid(), bracket.half_width(), joules_, std::nullopt});
  }

 private:
  // The load is the mean since the last reading, so power times time is the model's exact integral.
  void advance(const CpuTimes& times, Instant now) {
    if (times_) {
      load_ = busy_share(*times_, times).value_or(load_);
      joules_ += model_.watts(load_) * to_seconds(now - at_);
    }
    times_ = times;
    at_ = now;
  }

  CpuPowerModel model_;
  KeptFile stat_;
  std::vector<Domain> domains_;
  std::optional<CpuTimes> times_;
  Instant at_{};
  double load_ = 0, joules_ = 0;
};

}  // namespace

std::unique_ptr<Collector> make_modelled(const CollectorOptions& options) {
  const auto stat = read_small(options.root + "/proc/stat");
  if (!stat || !parse_cpu_times(*stat)) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("{}/proc/stat cannot be read, so there is no load to model from", options.root),
                "mount /proc");
  }
  const auto machine = read_machine(options.root);
  return std::make_unique<Modelled>(options.root, CpuPowerModel(machine.cpu_brand, machine.cpu_count));
}

}  // namespace ipw::telemetry
