// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/wire.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/goal.h"

namespace ipw::rpc {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Wire, writes_minus_one_for_every_unknown_number_of_the_original) {
  const auto message = to_wire(OriginalReading{});
  const auto* fields = message.GetDescriptor();
  for (int i = 0; i < fields->field_count(); ++i) {
    if (fields->field(i)->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE) continue;
    EXPECT_EQ(message.GetReflection()->GetDouble(message, fields->field(i)), -1) << fields->field(i)->name();
  }
}

TEST(Wire, has_the_originals_field_numbers) {
  const auto* fields = energy::TelemetryReading::descriptor();
  ASSERT_EQ(fields->field_count(), 17);
  EXPECT_EQ(fields->FindFieldByNumber(7)->name(), "timestamp_nanos");
  EXPECT_EQ(fields->FindFieldByNumber(11)->name(), "cpu_energy_joules");
  EXPECT_EQ(fields->FindFieldByNumber(17)->name(), "gpu_memory_total_mb");
  EXPECT_EQ(
      fields->file()->FindServiceByName("EnergyMonitor")->FindMethodByName("StreamTelemetry")->full_name(),
      "energy.EnergyMonitor.StreamTelemetry");
}

TEST(Wire, M22_reads_nan_infinity_and_negative_numbers_as_absent_and_keeps_zero) {
  energy::TelemetryReading message;
  message.set_power_watts(kNan);
  message.set_energy_joules(kInfinity);
  message.set_temperature_celsius(-1);
  message.set_cpu_power_watts(0);
  const auto reading = from_wire(message);
  EXPECT_FALSE(reading.power_watts);
  EXPECT_FALSE(reading.energy_joules);
  EXPECT_FALSE(reading.temperature_celsius);
  EXPECT_EQ(reading.cpu_power_watts, 0);
}

TEST(Wire, M22_never_writes_nan_or_infinity) {
  OriginalReading reading;
  reading.power_watts = kNan;
  EXPECT_EQ(to_wire(reading).power_watts(), -1);
  telemetry::Sample sample;
  sample.readings = {{0, {}, {}, kNan, kInfinity}};
  sample.gauges = {{telemetry::Gauge::CpuLoad, {}, kNan}};
  const auto message = to_wire(sample, 0);
  EXPECT_FALSE(message.readings(0).has_energy_joules());
  EXPECT_FALSE(message.readings(0).has_power_watts());
  EXPECT_EQ(message.gauges_size(), 0);
}

TEST(Wire, brings_a_sample_across_unchanged) {
  telemetry::Sample sample;
  sample.sequence = 7;
  sample.tick = from_nanos(1'000);
  sample.readings = {{3, from_nanos(1'100), Nanoseconds(20), 0.0, std::nullopt},
                     {4, from_nanos(1'200), Nanoseconds(30), std::nullopt, 12.5}};
  sample.gauges = {{telemetry::Gauge::GpuMemoryBandwidth, from_nanos(5), 33}};
  sample.silent = {{9, "gone"}};
  const auto back = from_wire(to_wire(sample, 2));
  EXPECT_EQ(back.sequence, 7U);
  EXPECT_EQ(back.tick, sample.tick);
  ASSERT_EQ(back.readings.size(), 2U);
  EXPECT_EQ(back.readings[0].energy_joules, 0.0);
  EXPECT_FALSE(back.readings[0].power_watts);
  EXPECT_EQ(back.readings[1].power_watts, 12.5);
  EXPECT_EQ(back.readings[1].half_width, Nanoseconds(30));
  EXPECT_EQ(back.gauges.at(0).gauge, telemetry::Gauge::GpuMemoryBandwidth);
  EXPECT_EQ(back.silent, sample.silent);
}

TEST(Wire, brings_a_description_across_unchanged) {
  Description description;
  description.version = "9";
  description.period_seconds = 0.05;
  description.machine.gpu_name = "GPU";
  telemetry::Domain domain;
  domain.name = "package-0/dram";
  domain.scope = telemetry::Scope::Dram;
  domain.method = telemetry::Method::Simulated;
  domain.parent = "package-0";
  domain.wrap_joules = 262144;
  domain.update_seconds = 0.001;
  description.domains = {domain, {}};
  const auto back = from_wire(to_wire(description));
  EXPECT_EQ(back.domains.at(0).scope, telemetry::Scope::Dram);
  EXPECT_EQ(back.domains.at(0).method, telemetry::Method::Simulated);
  EXPECT_EQ(back.domains.at(0).wrap_joules, 262144);
  EXPECT_EQ(back.domains.at(0).update_seconds, 0.001);
  EXPECT_FALSE(back.domains.at(1).wrap_joules);
  EXPECT_EQ(back.machine.gpu_name, "GPU");
  EXPECT_FALSE(back.machine.gpu_vendor);
}

TEST(Wire, keeps_times_so_near_that_no_difference_overflows) {
  constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();
  energy::MonitorSample message;
  message.set_tick_ns(kLowest);
  auto& reading = *message.add_readings();
  reading.set_mid_ns(kHighest);
  reading.set_half_width_ns(kHighest);
  const auto sample = from_wire(message);
  EXPECT_EQ(sample.readings.at(0).mid - sample.tick, 2 * kFarthest);
  EXPECT_EQ(sample.readings.at(0).half_width, kFarthest);
  energy::TelemetryReading original;
  original.set_timestamp_nanos(kLowest);
  EXPECT_EQ(from_wire(original).unix_ns, -(std::int64_t{1} << 62));
}

TEST(Wire, M22_a_domain_has_no_impossible_numbers) {
  energy::DescribeResponse message;
  message.set_period_seconds(kNan);
  auto& info = *message.add_domains();
  info.set_wrap_joules(0);
  info.set_cap_watts(kInfinity);
  info.set_relative_half_width(kNan);
  info.set_update_seconds(-1);
  const auto read = from_wire(message);
  const auto& domain = read.domains.at(0);
  EXPECT_EQ(read.period_seconds, 0);
  EXPECT_FALSE(domain.wrap_joules);
  EXPECT_EQ(domain.cap_watts, telemetry::Domain{}.cap_watts);
  EXPECT_EQ(domain.relative_half_width, 0);
  EXPECT_EQ(domain.update_seconds, 0);
}

/// Tell whether a number that can be unknown is absent when it is: doubles of a message of ours.
bool has_no_sentinel(const google::protobuf::Message& message) {
  const auto* fields = message.GetDescriptor();
  for (int i = 0; i < fields->field_count(); ++i) {
    const auto* field = fields->field(i);
    if (field->is_repeated() || field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE)
      continue;
    if (message.GetReflection()->GetDouble(message, field) < 0) return false;
  }
  return true;
}

TEST(Wire, P1_every_sample_says_when_and_what_is_absent_and_why) {
  telemetry::Sample sample;
  sample.sequence = 3;
  sample.tick = from_nanos(1'000);
  sample.readings = {{0, from_nanos(1'100), Nanoseconds(20), std::nullopt, std::nullopt}};
  sample.silent = {{1, "energy_uj: permission denied", telemetry::Cause::Denied}};
  const auto message = to_wire(sample, 0);
  const auto& reading = message.readings(0);
  const auto& silent = message.silent(0);
  const bool timed = message.sequence() == 3 && reading.mid_ns() == 1'100 && reading.half_width_ns() == 20;
  const bool absent = !reading.has_energy_joules() && !reading.has_power_watts();
  const bool reasoned = !silent.reason().empty() && silent.cause() == energy::CAUSE_DENIED;
  const bool clean =
      has_no_sentinel(reading) && has_no_sentinel(to_wire(WindowAnswer{{}, {}, false, {{}}}).energies(0));
  for (const auto* name : {"energy_joules", "power_watts"})
    EXPECT_TRUE(energy::DomainReading::descriptor()->FindFieldByName(name)->has_presence()) << name;
  EXPECT_TRUE(energy::WindowEnergy::descriptor()->FindFieldByName("joules")->has_presence());
  for (const auto* name : {"method", "update_seconds", "averaging_seconds", "step_joules", "device"})
    EXPECT_TRUE(energy::DomainInfo::descriptor()->FindFieldByName(name)) << name;
  const bool met = timed && absent && reasoned && clean;
  report_goal("P1", met,
              "sequence, mid-time and half-width in every reading; absent is absent; cause and reason");
  EXPECT_TRUE(met);
}

TEST(Wire, P4_brings_a_window_across_unchanged) {
  WindowEnergy judged;
  judged.energy.domain = "gpu-0";
  judged.energy.joules = 12.5;
  judged.energy.half_width_joules = 0.5;
  judged.energy.low_joules = 12;
  judged.energy.coverage = 0.75;
  judged.energy.method = "counter";
  judged.energy.rule = "edge-aware";
  judged.energy.validity = {"gap", "short"};
  judged.gap_seconds = 2.5;
  judged.verdict = telemetry::Validity::LowConfidence;
  const auto back = from_wire(to_wire(WindowAnswer{from_nanos(5), from_nanos(9), true, {judged, {}}}));
  EXPECT_TRUE(back.settled);
  ASSERT_EQ(back.energies.size(), 2U);
  EXPECT_EQ(back.energies[0].energy.joules, 12.5);
  EXPECT_EQ(back.energies[0].energy.low_joules, 12);
  EXPECT_FALSE(back.energies[0].energy.high_joules);
  EXPECT_EQ(back.energies[0].energy.validity, judged.energy.validity);
  EXPECT_EQ(back.energies[0].gap_seconds, 2.5);
  EXPECT_EQ(back.energies[0].verdict, telemetry::Validity::LowConfidence);
  EXPECT_FALSE(back.energies[1].energy.joules);
}

TEST(Wire, takes_a_scope_that_is_not_known_yet_for_the_host) {
  energy::DescribeResponse message;
  message.add_domains()->set_scope(static_cast<energy::Scope>(77));
  EXPECT_EQ(from_wire(message).domains.at(0).scope, telemetry::Scope::Host);
}

}  // namespace
}  // namespace ipw::rpc
