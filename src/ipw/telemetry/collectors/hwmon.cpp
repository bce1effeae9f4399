// SPDX-License-Identifier: Apache-2.0
// Any energy or power sensor of hwmon: boards, Grace, Jetson, Intel GPUs.
#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/hwmon_chips.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

/// The files of one sensor, kept open.
class Reader {
 public:
  explicit Reader(const HwmonSensor& sensor)
      : energy_(sensor.kind == HwmonSensor::Kind::Energy), factor_(sensor.factor) {
    const bool product = sensor.files.size() > 1;
    for (const std::string& file : sensor.files) {
      files_.emplace_back(file, energy_   ? "a count of microjoules"
                                : product ? "a number of millivolts or milliamperes"
                                          : "a number of microwatts");
    }
    if (!sensor.asleep.empty()) asleep_.emplace(sensor.asleep);
  }

  Result<double, Silence> read() {
    if (asleep_) {
      const auto state = asleep_->read();
      if (state && state->starts_with("suspended"))
        return Unexpected<Silence>({0, "the device sleeps; reading it would wake it", Cause::Unsupported});
    }
    double product = factor_;
    for (NumberFile& file : files_) {
      const auto value = file.read(!energy_);
      if (!value) return Unexpected<Silence>(value.error());
      product *= *value;
    }
    return std::max(0.0, product);  // a current of nothing wavers around 0
  }

  bool energy() const { return energy_; }

 private:
  bool energy_;
  double factor_;
  std::vector<NumberFile> files_;
  std::optional<KeptFile> asleep_;
};

/// A Jetson without a sensor of its input: the sum of its rails.
struct RailSum {
  std::uint32_t domain = 0;
  std::vector<std::uint32_t> rails;
};

class Hwmon final : public Collector {
 public:
  explicit Hwmon(std::vector<HwmonSensor> sensors) {
    for (HwmonSensor& sensor : sensors) {
      readers_.emplace_back(sensor);
      domains_.push_back(std::move(sensor.domain));
    }
    add_rail_sum(sensors);
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const std::size_t first = sample.readings.size();
    for (std::uint32_t i = 0; i < readers_.size(); ++i) read(i, clock, sample);
    if (sum_) add_up(first, sample);
  }

 private:
  void add_rail_sum(const std::vector<HwmonSensor>& sensors) {
    RailSum sum{static_cast<std::uint32_t>(domains_.size()), {}};
    for (std::uint32_t i = 0; i < sensors.size(); ++i) {
      if (!sensors[i].known->chip.starts_with("ina3221")) continue;
      if (sensors[i].known->role == HwmonChip::Role::Total) return;
      sum.rails.push_back(i);
    }
    if (sum.rails.empty()) return;
    Domain total = domains_[sum.rails.front()];
    total.name = "jetson";
    total.scope = Scope::Module;
    total.device = "ina3221";
    total.note = fmt::format("the sum of {} rails: this board does not measure its input", sum.rails.size());
    total.cap_watts *= static_cast<double>(sum.rails.size());
    domains_.push_back(std::move(total));
    for (const std::uint32_t rail : sum.rails) domains_[rail].parent = "jetson";
    sum_ = std::move(sum);
  }

  void read(std::uint32_t i, Clock& clock, Sample& sample) {
    const Instant begin = clock.now();
    auto value = readers_[i].read();
    const Bracket bracket{begin, clock.now()};
    if (!value) {
      value.error().domain = i;
      sample.silent.push_back(std::move(value.error()));
      return;
    }
    Reading reading{i, bracket.mid(), bracket.half_width(), std::nullopt, std::nullopt};
    (readers_[i].energy() ? reading.energy_joules : reading.power_watts) = *value;
    sample.readings.push_back(reading);
  }

  // Only where every rail was read: a part of the sum is not the sum.
  void add_up(std::size_t first, Sample& sample) const {
    Reading total{sum_->domain, {}, {}, std::nullopt, 0.0};
    std::size_t found = 0;
    for (std::size_t k = first; k < sample.readings.size(); ++k) {
      const Reading& rail = sample.readings[k];
      if (!std::ranges::binary_search(sum_->rails, rail.domain)) continue;
      *total.power_watts += rail.power_watts.value_or(0);
      total.mid = rail.mid;
      total.half_width = std::max(total.half_width, rail.half_width);
      ++found;
    }
    if (found == sum_->rails.size()) {
      sample.readings.push_back(total);
    } else {
      sample.silent.push_back(
          {sum_->domain, "a rail could not be read, so there is no sum", Cause::Unreadable});
    }
  }

  std::vector<Domain> domains_;
  std::vector<Reader> readers_;
  std::optional<RailSum> sum_;
};

}  // namespace

std::unique_ptr<Collector> make_hwmon(const CollectorOptions& options) {
  auto sensors = find_hwmon_sensors(options.root);
  if (sensors.empty()) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("no energy or power sensor below {}/sys/class/hwmon", options.root),
                "`ipw doctor` says why");
  }
  return std::make_unique<Hwmon>(std::move(sensors));
}

}  // namespace ipw::telemetry
