// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/wire.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ipw::rpc {
namespace {

using telemetry::Cause;
using telemetry::Gauge;
using telemetry::GaugeReading;
using telemetry::Method;
using telemetry::Scope;

constexpr double kUnknown = -1;
/// A Unix stamp beyond this, in the years 1823 and 2116, is none; differences of two do not overflow.
constexpr std::int64_t kFarthestStamp = std::int64_t{1} << 62;

// The wire's enums are ours plus one: proto3 keeps 0 for "not said".
static_assert(static_cast<int>(Scope::Host) + 1 == energy::SCOPE_HOST);
static_assert(static_cast<int>(Method::Simulated) + 1 == energy::METHOD_SIMULATED);
static_assert(static_cast<int>(Gauge::Throttle) + 1 == energy::GAUGE_THROTTLE);
static_assert(static_cast<int>(Cause::Ended) + 1 == energy::CAUSE_ENDED);

template <class Wire, class Ours>
Wire enum_to_wire(Ours value) {
  return static_cast<Wire>(static_cast<int>(value) + 1);
}

/// A value of a newer monitor that we do not know becomes the fallback.
template <class Ours>
Ours enum_from_wire(int value, Ours last, Ours fallback) {
  const bool known = value >= 1 && value <= static_cast<int>(last) + 1;
  return known ? static_cast<Ours>(value - 1) : fallback;
}

double or_unknown(std::optional<double> value) {
  return value && std::isfinite(*value) ? *value : kUnknown;
}

std::optional<double> or_absent(double value) {
  return std::isfinite(value) && value >= 0 ? std::optional(value) : std::nullopt;
}

std::optional<std::string> or_absent(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void fill(energy::SystemInfo& out, const records::MachineInfo& machine) {
  out.set_os_name(machine.os_name);
  out.set_os_version(machine.os_version);
  out.set_kernel_version(machine.kernel_version);
  out.set_host_name(machine.host_name);
  out.set_cpu_count(static_cast<std::uint32_t>(machine.cpu_count));
  out.set_cpu_brand(machine.cpu_brand);
}

records::MachineInfo machine_from(const energy::SystemInfo& in) {
  records::MachineInfo machine;
  machine.os_name = in.os_name();
  machine.os_version = in.os_version();
  machine.kernel_version = in.kernel_version();
  machine.host_name = in.host_name();
  machine.cpu_count = in.cpu_count();
  machine.cpu_brand = in.cpu_brand();
  return machine;
}

telemetry::Domain domain_from(const energy::DomainInfo& in) {
  telemetry::Domain domain;
  domain.name = in.name();
  domain.scope = enum_from_wire(in.scope(), Scope::Instance, Scope::Host);
  domain.parent = in.parent();
  domain.method = enum_from_wire(in.method(), Method::Simulated, Method::Modelled);
  domain.collector = in.collector();
  if (in.has_wrap_joules() && in.wrap_joules() > 0) domain.wrap_joules = or_absent(in.wrap_joules());
  if (in.cap_watts() > 0) domain.cap_watts = or_absent(in.cap_watts()).value_or(domain.cap_watts);
  domain.relative_half_width = or_absent(in.relative_half_width()).value_or(0);
  domain.note = in.note();
  domain.update_seconds = or_absent(in.update_seconds()).value_or(0);
  domain.averaging_seconds = or_absent(in.averaging_seconds()).value_or(0);
  domain.step_joules = or_absent(in.step_joules()).value_or(0);
  domain.device = in.device();
  domain.alternative_to = in.alternative_to();
  return domain;
}

}  // namespace

std::int64_t to_nanos(Instant t) {
  return Nanoseconds(t.time_since_epoch()).count();
}
Instant from_nanos(std::int64_t ns) {
  return Instant(std::clamp(Nanoseconds(ns), -kFarthest, kFarthest));
}

energy::TelemetryReading to_wire(const OriginalReading& reading) {
  energy::TelemetryReading out;
  out.set_power_watts(or_unknown(reading.power_watts));
  out.set_energy_joules(or_unknown(reading.energy_joules));
  out.set_temperature_celsius(or_unknown(reading.temperature_celsius));
  out.set_gpu_memory_usage_mb(or_unknown(reading.gpu_memory_mb));
  out.set_cpu_memory_usage_mb(or_unknown(reading.cpu_memory_mb));
  out.set_platform(reading.platform);
  out.set_timestamp_nanos(reading.unix_ns);
  out.set_cpu_power_watts(or_unknown(reading.cpu_power_watts));
  out.set_cpu_energy_joules(or_unknown(reading.cpu_energy_joules));
  out.set_ane_power_watts(kUnknown);
  out.set_ane_energy_joules(kUnknown);
  out.set_gpu_compute_utilization_pct(or_unknown(reading.gpu_utilization_pct));
  out.set_gpu_memory_bandwidth_utilization_pct(or_unknown(reading.gpu_memory_bandwidth_pct));
  out.set_gpu_tensor_core_utilization_pct(kUnknown);
  out.set_gpu_memory_total_mb(or_unknown(reading.gpu_memory_total_mb));
  fill(*out.mutable_system_info(), reading.machine);
  energy::GpuInfo& gpu = *out.mutable_gpu_info();
  gpu.set_name(reading.machine.gpu_name.value_or(""));
  gpu.set_vendor(reading.machine.gpu_vendor.value_or(""));
  gpu.set_device_type(reading.machine.gpu_name ? "GPU" : "");
  gpu.set_backend(reading.machine.gpu_backend.value_or(""));
  return out;
}

OriginalReading from_wire(const energy::TelemetryReading& message) {
  OriginalReading out;
  out.power_watts = or_absent(message.power_watts());
  out.energy_joules = or_absent(message.energy_joules());
  out.temperature_celsius = or_absent(message.temperature_celsius());
  out.gpu_memory_mb = or_absent(message.gpu_memory_usage_mb());
  out.cpu_memory_mb = or_absent(message.cpu_memory_usage_mb());
  out.platform = message.platform();
  out.unix_ns = std::clamp(message.timestamp_nanos(), -kFarthestStamp, kFarthestStamp);
  out.cpu_power_watts = or_absent(message.cpu_power_watts());
  out.cpu_energy_joules = or_absent(message.cpu_energy_joules());
  out.gpu_utilization_pct = or_absent(message.gpu_compute_utilization_pct());
  out.gpu_memory_bandwidth_pct = or_absent(message.gpu_memory_bandwidth_utilization_pct());
  out.gpu_memory_total_mb = or_absent(message.gpu_memory_total_mb());
  out.machine = machine_from(message.system_info());
  out.machine.gpu_name = or_absent(message.gpu_info().name());
  out.machine.gpu_vendor = or_absent(message.gpu_info().vendor());
  out.machine.gpu_backend = or_absent(message.gpu_info().backend());
  return out;
}

energy::DescribeResponse to_wire(const Description& description) {
  energy::DescribeResponse out;
  out.set_version(description.version);
  out.set_started_ns(to_nanos(description.started));
  out.set_period_seconds(description.period_seconds);
  const auto& machine = description.machine;
  fill(*out.mutable_machine()->mutable_system(), machine);
  if (machine.gpu_name) out.mutable_machine()->set_gpu_name(*machine.gpu_name);
  if (machine.gpu_vendor) out.mutable_machine()->set_gpu_vendor(*machine.gpu_vendor);
  if (machine.gpu_backend) out.mutable_machine()->set_gpu_backend(*machine.gpu_backend);
  out.mutable_machine()->set_hardware_label(machine.hardware_label);
  if (machine.gpu_count) out.mutable_machine()->set_gpu_count(*machine.gpu_count);
  if (machine.gpu_driver) out.mutable_machine()->set_gpu_driver(*machine.gpu_driver);
  for (const auto& domain : description.domains) {
    energy::DomainInfo& info = *out.add_domains();
    info.set_name(domain.name);
    info.set_scope(enum_to_wire<energy::Scope>(domain.scope));
    info.set_parent(domain.parent);
    info.set_method(enum_to_wire<energy::Method>(domain.method));
    info.set_collector(domain.collector);
    if (domain.wrap_joules) info.set_wrap_joules(*domain.wrap_joules);
    info.set_cap_watts(domain.cap_watts);
    info.set_relative_half_width(domain.relative_half_width);
    info.set_note(domain.note);
    info.set_update_seconds(domain.update_seconds);
    info.set_averaging_seconds(domain.averaging_seconds);
    info.set_step_joules(domain.step_joules);
    info.set_device(domain.device);
    info.set_alternative_to(domain.alternative_to);
  }
  for (const auto& status : description.sensors) {
    energy::SensorInfo& sensor = *out.add_sensors();
    sensor.set_sensor(status.sensor);
    sensor.set_present(status.present);
    sensor.set_detail(status.detail);
    sensor.set_remedy(status.remedy);
    sensor.set_situation(status.situation);
  }
  return out;
}

Description from_wire(const energy::DescribeResponse& message) {
  Description out;
  out.version = message.version();
  out.started = from_nanos(message.started_ns());
  out.period_seconds = or_absent(message.period_seconds()).value_or(0);
  const auto& machine = message.machine();
  out.machine = machine_from(machine.system());
  if (machine.has_gpu_name()) out.machine.gpu_name = machine.gpu_name();
  if (machine.has_gpu_vendor()) out.machine.gpu_vendor = machine.gpu_vendor();
  if (machine.has_gpu_backend()) out.machine.gpu_backend = machine.gpu_backend();
  out.machine.hardware_label = machine.hardware_label();
  if (machine.has_gpu_count()) out.machine.gpu_count = machine.gpu_count();
  if (machine.has_gpu_driver()) out.machine.gpu_driver = machine.gpu_driver();
  for (const auto& info : message.domains()) out.domains.push_back(domain_from(info));
  for (const auto& sensor : message.sensors()) {
    auto& status = out.sensors.emplace_back();
    status.sensor = sensor.sensor();
    status.present = sensor.present();
    status.detail = sensor.detail();
    status.remedy = sensor.remedy();
    status.situation = sensor.situation();
  }
  return out;
}

energy::MonitorSample to_wire(const telemetry::Sample& sample, std::uint64_t dropped) {
  energy::MonitorSample out;
  out.set_sequence(sample.sequence);
  out.set_tick_ns(to_nanos(sample.tick));
  out.set_dropped(dropped);
  for (const auto& reading : sample.readings) {
    energy::DomainReading& item = *out.add_readings();
    item.set_domain(reading.domain);
    item.set_mid_ns(to_nanos(reading.mid));
    item.set_half_width_ns(reading.half_width.count());
    if (reading.energy_joules && std::isfinite(*reading.energy_joules))
      item.set_energy_joules(*reading.energy_joules);
    if (reading.power_watts && std::isfinite(*reading.power_watts))
      item.set_power_watts(*reading.power_watts);
  }
  for (const auto& gauge : sample.gauges) {
    if (!std::isfinite(gauge.value)) continue;
    energy::GaugeValue& item = *out.add_gauges();
    item.set_gauge(enum_to_wire<energy::GaugeKind>(gauge.gauge));
    item.set_mid_ns(to_nanos(gauge.mid));
    item.set_value(gauge.value);
    if (gauge.domain != GaugeReading::kMachine) item.set_domain(gauge.domain);
  }
  for (const auto& [domain, reason, cause] : sample.silent) {
    energy::SilentDomain& item = *out.add_silent();
    item.set_domain(domain);
    item.set_reason(reason);
    item.set_cause(enum_to_wire<energy::Cause>(cause));
  }
  return out;
}

telemetry::Sample from_wire(const energy::MonitorSample& message) {
  telemetry::Sample out;
  out.sequence = message.sequence();
  out.tick = from_nanos(message.tick_ns());
  for (const auto& item : message.readings()) {
    telemetry::Reading& reading = out.readings.emplace_back();
    reading.domain = item.domain();
    reading.mid = from_nanos(item.mid_ns());
    reading.half_width = std::clamp(Nanoseconds(item.half_width_ns()), Nanoseconds(0), kFarthest);
    if (item.has_energy_joules()) reading.energy_joules = or_absent(item.energy_joules());
    if (item.has_power_watts()) reading.power_watts = or_absent(item.power_watts());
  }
  for (const auto& item : message.gauges()) {
    if (item.gauge() < 1 || item.gauge() > energy::GAUGE_THROTTLE || !std::isfinite(item.value())) continue;
    const auto domain = item.has_domain() ? item.domain() : GaugeReading::kMachine;
    out.gauges.push_back(
        {static_cast<Gauge>(item.gauge() - 1), from_nanos(item.mid_ns()), item.value(), domain});
  }
  for (const auto& item : message.silent()) {
    out.silent.push_back(
        {item.domain(), item.reason(), enum_from_wire(item.cause(), Cause::Ended, Cause::Unreadable)});
  }
  return out;
}

}  // namespace ipw::rpc
