// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"

namespace ipw::telemetry {
namespace {

constexpr std::string_view kFormat = "ipw-calibration/1";

Json to_json(const Calibration& c) {
  return {{"domain", c.domain},
          {"device", c.device},
          {"gain", c.fit.gain},
          {"gain_half_width", c.fit.half_width},
          {"offset_watts", c.fit.offset_watts},
          {"offset_half_width_watts", c.fit.offset_half_width_watts},
          {"offset_is_known", c.offset_is_known},
          {"swing_watts", c.fit.swing_watts},
          {"steps", c.fit.steps},
          {"nonlinearity", c.fit.nonlinearity},
          {"reference", c.reference},
          {"date", c.date}};
}

Calibration from_json(const Json& json) {
  Calibration c;
  c.domain = json.at("domain");
  c.device = json.value("device", "");
  c.fit.gain = json.at("gain");
  c.fit.half_width = json.at("gain_half_width");
  c.fit.offset_watts = json.value("offset_watts", 0.0);
  c.fit.offset_half_width_watts = json.value("offset_half_width_watts", 0.0);
  c.offset_is_known = json.value("offset_is_known", false);
  c.fit.swing_watts = json.value("swing_watts", 0.0);
  c.fit.steps = json.value("steps", std::size_t{0});
  c.fit.nonlinearity = json.value("nonlinearity", 0.0);
  c.reference = json.value("reference", "");
  c.date = json.value("date", "");
  if (!(c.fit.gain > 0) || !(c.fit.half_width >= 0))
    throw Error(ErrorCode::Format, fmt::format("the gain of '{}' has to be above 0", c.domain));
  return c;
}

class Calibrated final : public Collector {
 public:
  Calibrated(std::unique_ptr<Collector> inner, std::vector<Calibration> calibrations)
      : inner_(std::move(inner)), calibrations_(std::move(calibrations)) {
    take_domains();
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const auto first = sample.readings.size();
    inner_->poll(clock, sample);
    take_domains();
    for (std::size_t i = first; i < sample.readings.size(); ++i) apply(sample.readings[i]);
  }

  double cpu_seconds_elsewhere() const override { return inner_->cpu_seconds_elsewhere(); }
  void describe(records::MachineInfo& machine) const override { inner_->describe(machine); }

 private:
  /// New ones come at the end.
  void take_domains() {
    const auto& all = inner_->domains();
    for (std::size_t i = domains_.size(); i < all.size(); ++i) {
      domains_.push_back(all[i]);
      const auto it = std::ranges::find_if(calibrations_, [&](const Calibration& c) {
        return c.domain == all[i].name && (c.device.empty() || c.device == all[i].device);
      });
      applied_.push_back(it == calibrations_.end() ? nullptr : &*it);
      if (applied_.back() != nullptr) describe_domain(domains_.back(), *it);
    }
  }

  static void describe_domain(Domain& domain, const Calibration& c) {
    const double gain = c.fit.gain;
    domain.step_joules *= gain;
    domain.cap_watts *= gain;
    if (domain.wrap_joules) *domain.wrap_joules *= gain;
    domain.relative_half_width = c.fit.half_width / gain;
    domain.note += fmt::format("{}calibrated {} against {}: gain {:.4f} +- {:.4f}",
                               domain.note.empty() ? "" : "; ", c.date, c.reference, gain, c.fit.half_width);
    if (c.offset_is_known)
      domain.note += fmt::format(", offset {:+.2f} W{}", c.fit.offset_watts,
                                 domain.method == Method::Counter ? " (not applied to a counter)" : "");
  }

  /// A counter that moved by an offset between its updates would hide them, so its offset stays as it is.
  void apply(Reading& reading) const {
    const auto* c = reading.domain < applied_.size() ? applied_[reading.domain] : nullptr;
    if (c == nullptr) return;
    if (reading.energy_joules) *reading.energy_joules *= c->fit.gain;
    if (reading.power_watts)
      *reading.power_watts =
          std::max(0.0, *reading.power_watts * c->fit.gain + (c->offset_is_known ? c->fit.offset_watts : 0));
  }

  std::unique_ptr<Collector> inner_;
  std::vector<Calibration> calibrations_;
  std::vector<Domain> domains_;
  std::vector<const Calibration*> applied_;
};

}  // namespace

CalibrationFile read_calibrations(const std::filesystem::path& path) {
  const auto json = read_json_file(path.string());
  try {
    if (json.at("format") != kFormat) throw Error(ErrorCode::Format, "it is of another format");
    CalibrationFile out{json.value("host", ""), {}};
    for (const auto& entry : json.at("entries")) out.entries.push_back(from_json(entry));
    return out;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::Format, fmt::format("{} is no calibration: {}", path.string(), error.what()),
                "make one with `ipw calibrate`, or use --calibration none");
  }
}

Json to_json(const CalibrationFile& file) {
  Json entries = Json::array();
  for (const auto& c : file.entries) entries.push_back(to_json(c));
  return {{"format", kFormat}, {"host", file.host}, {"entries", std::move(entries)}};
}

void write_calibrations(const std::filesystem::path& path, const CalibrationFile& file) {
  if (path.has_parent_path()) make_directories(path.parent_path());
  write_file_atomic(path, pretty_json(to_json(file)));
}

std::unique_ptr<Collector> calibrated(std::unique_ptr<Collector> collector,
                                      std::vector<Calibration> calibrations) {
  if (calibrations.empty()) return collector;
  return std::make_unique<Calibrated>(std::move(collector), std::move(calibrations));
}

}  // namespace ipw::telemetry
