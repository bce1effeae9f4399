// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/nvml_gauges.h"

#include <fmt/format.h>

#include "ipw/telemetry/collectors/nvml_sources.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/meminfo.h"

namespace ipw::telemetry::nvml {

namespace {

constexpr std::array<std::string_view, 8> kMetricNames{"utilisation",        "memory",     "temperature",
                                                       "memory temperature", "core clock", "memory clock",
                                                       "throttling",         "power limit"};
constexpr double kMib = 1048576;

bool plausible_celsius(double value) {
  return value > -50 && value < 200;
}

}  // namespace

unsigned throttle_reasons(std::uint64_t bits) {
  unsigned out = 0;
  if (bits & kReasonSoftwarePowerCap) out |= kThrottlePowerCap;
  if (bits & (kReasonSoftwareThermal | kReasonHardwareThermal)) out |= kThrottleThermal;
  if (bits & (kReasonHardwareSlowdown | kReasonPowerBrake)) out |= kThrottleHardware;
  if (bits & kReasonSyncBoost) out |= kThrottleSync;
  return out;
}

Gauges::Gauges(const Functions& call, Device device, std::string root)
    : call_(call), device_(device), root_(std::move(root)) {
  took(Metric::MemoryTemperature, call_.field_values != nullptr, kOk);
}

const std::string* Gauges::reason(Metric metric) const {
  const std::string& text = reasons_[static_cast<std::size_t>(metric)];
  return text.empty() ? nullptr : &text;
}

bool Gauges::took(Metric metric, bool there, int status) {
  const auto i = static_cast<std::size_t>(metric);
  if (!there) reasons_[i] = fmt::format("{}: the library has no function for it", kMetricNames[i]);
  if (there && reach(status) == Reach::Metric)
    reasons_[i] = explain(status, std::string(kMetricNames[i])).reason;
  return there && status == kOk;
}

std::vector<std::string> Gauges::missing() const {
  std::vector<std::string> out;
  for (const std::string& text : reasons_)
    if (!text.empty()) out.push_back(text);
  return out;
}

// Total and free of /proc/meminfo: the device uses the memory of the machine.
std::optional<Gauges::MemoryUse> Gauges::shared_memory() {
  const auto content = read_small(root_ + "/proc/meminfo");
  const auto used = content ? used_memory_mb(*content) : std::nullopt;
  if (!used) return std::nullopt;
  const auto total = total_memory_mb(*content);
  return MemoryUse{*used, total.value_or(0)};
}

std::optional<Gauges::MemoryUse> Gauges::memory(Device device) {
  if (unified_) return shared_memory();
  int status = kFunctionMissing;
  MemoryUse out{};
  new_memory_ = new_memory_ && call_.memory_v2;
  if (new_memory_) {
    MemoryV2 answer{.version = kMemoryV2Version};
    status = call_.memory_v2(device, &answer);
    out = {static_cast<double>(answer.used) / kMib, static_cast<double>(answer.total) / kMib};
    new_memory_ = reach(status) != Reach::Metric;
  }
  if (call_.memory && !new_memory_) {
    Memory answer;
    status = call_.memory(device, &answer);
    out = {static_cast<double>(answer.used) / kMib, static_cast<double>(answer.total) / kMib};
  }
  unified_ = status == kNotSupported && device == device_;
  if (unified_) return shared_memory();
  if (!took(Metric::Memory, call_.memory_v2 || call_.memory, status)) return std::nullopt;
  if (out.total_mb <= 0 || out.used_mb > out.total_mb) return std::nullopt;
  return out;
}

std::optional<double> Gauges::temperature() {
  if (call_.temperature_v && new_temperature_) {
    Temperature value{.version = kTemperatureVersion};
    const int status = call_.temperature_v(device_, &value);
    if (status == kOk) return value.celsius;
    new_temperature_ = reach(status) != Reach::Metric;
    if (new_temperature_) return std::nullopt;
  }
  unsigned celsius = 0;
  const int status = call_.temperature ? call_.temperature(device_, 0, &celsius) : int{kFunctionMissing};
  if (!took(Metric::Temperature, call_.temperature != nullptr, status)) return std::nullopt;
  return celsius;
}

void Gauges::memory_temperature(const FieldValue& answer) {
  took(Metric::MemoryTemperature, true, answer.status);
}

void Gauges::load(Instant now, std::uint32_t domain, Sample& sample) {
  if (reason(Metric::Utilization)) return;
  Utilization value;
  const int status = call_.utilization ? call_.utilization(device_, &value) : int{kOk};
  if (!took(Metric::Utilization, call_.utilization != nullptr, status)) return;
  if (value.gpu <= 100)
    sample.gauges.push_back({Gauge::GpuUtilization, now, static_cast<double>(value.gpu), domain});
  if (value.memory <= 100)
    sample.gauges.push_back({Gauge::GpuMemoryBandwidth, now, static_cast<double>(value.memory), domain});
}

void Gauges::clocks(Instant now, std::uint32_t domain, Sample& sample) {
  struct Which {
    Metric metric;
    int clock;
    Gauge gauge;
  };
  for (const auto& [metric, clock, gauge] : {Which{Metric::CoreClock, kClockSm, Gauge::CoreClock},
                                             Which{Metric::MemoryClock, kClockMemory, Gauge::MemoryClock}}) {
    unsigned mhz = 0;
    if (reason(metric)) continue;
    const int status = call_.clock ? call_.clock(device_, clock, &mhz) : int{kOk};
    if (took(metric, call_.clock != nullptr, status) && mhz < 100'000)
      sample.gauges.push_back({gauge, now, static_cast<double>(mhz), domain});
  }
  if (reason(Metric::Throttle)) return;
  unsigned long long bits = 0;
  const int status = call_.clock_reasons ? call_.clock_reasons(device_, &bits) : int{kOk};
  if (took(Metric::Throttle, call_.clock_reasons != nullptr, status) && bits != UINT64_MAX)
    sample.gauges.push_back({Gauge::Throttle, now, static_cast<double>(throttle_reasons(bits)), domain});
}

void Gauges::poll(Instant now, std::uint32_t domain, const std::vector<Instance>& instances,
                  std::uint32_t instances_at, bool with_limit, Sample& sample) {
  load(now, domain, sample);
  const auto add_memory = [&](const std::optional<MemoryUse>& use, std::uint32_t to) {
    if (!use) return;
    sample.gauges.push_back({Gauge::GpuMemoryMb, now, use->used_mb, to});
    if (use->total_mb > 0) sample.gauges.push_back({Gauge::GpuMemoryTotalMb, now, use->total_mb, to});
  };
  if (!reason(Metric::Memory)) {
    for (std::uint32_t i = 0; i < instances.size(); ++i)
      if (instances[i].handle) add_memory(memory(instances[i].handle), instances_at + i);
    if (instances.empty()) add_memory(memory(device_), domain);
  }
  if (!reason(Metric::Temperature)) {
    const auto celsius = temperature();
    if (celsius && plausible_celsius(*celsius))
      sample.gauges.push_back({Gauge::Temperature, now, *celsius, domain});
  }
  clocks(now, domain, sample);
  if (!with_limit || reason(Metric::Limit)) return;
  unsigned milliwatts = 0;
  const int status = call_.power_limit ? call_.power_limit(device_, &milliwatts) : int{kOk};
  if (!took(Metric::Limit, call_.power_limit != nullptr, status)) return;
  if (const auto watts = sensor_watts(milliwatts))
    sample.gauges.push_back({Gauge::PowerLimit, now, *watts, domain});
}

}  // namespace ipw::telemetry::nvml
