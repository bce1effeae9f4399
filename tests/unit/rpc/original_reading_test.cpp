// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/original_reading.h"

#include <gtest/gtest.h>

#include <limits>

#include "fake_source.h"

namespace ipw::rpc {
namespace {

using telemetry::Gauge;
using telemetry::Method;
using telemetry::Scope;

telemetry::Domain rapl(std::string name) {
  return make_domain(std::move(name), Scope::Package, "rapl");
}
telemetry::Domain nvidia(std::string name) {
  return make_domain(std::move(name), Scope::Accelerator, "nvidia");
}

/// Project twenty ticks of a source and return the last reading. Three more ticks settle the twentieth.
OriginalReading last_of_twenty(FakeSource& source, const std::vector<double>& joules_a_tick) {
  OriginalProjection projection(source, tick(0));
  OriginalReading last;
  for (int i = 0; i < 23; ++i) {
    std::vector<std::optional<double>> joules;
    for (const double step : joules_a_tick) joules.emplace_back(100 + step * i);
    source.emit(tick(i), joules);
    for (auto& reading : projection.project(tick(i), 1000 + i)) last = reading;
  }
  return last;
}

TEST(Platform, is_the_accelerators_then_rapl_then_null) {
  EXPECT_EQ(platform_of({rapl("package-0"), nvidia("gpu-0")}), "nvidia");
  EXPECT_EQ(platform_of({make_domain("gpu-0", Scope::Accelerator, "amdgpu")}), "amd");
  EXPECT_EQ(platform_of({make_domain("gpu-0", Scope::Accelerator, "replay")}), "replay");
  EXPECT_EQ(platform_of({}), "null");
}

TEST(Platform, M11_a_host_with_rapl_only_is_rapl) {
  EXPECT_EQ(platform_of({rapl("package-0")}), "rapl");
}

TEST(Platform, of_a_modelled_cpu_is_null_because_a_model_is_no_measurement) {
  EXPECT_EQ(platform_of({make_domain("cpu-modelled", Scope::Package, "cpu-model", Method::Modelled)}),
            "null");
}

TEST(OriginalProjection, M11_reports_cpu_energy_since_its_start_without_an_accelerator) {
  FakeSource source({rapl("package-0"), rapl("package-1")});
  const auto reading = last_of_twenty(source, {1.0, 2.0});
  EXPECT_NEAR(reading.cpu_energy_joules.value(), 57, 0.5);
  EXPECT_NEAR(reading.cpu_power_watts.value(), 60, 1);
  EXPECT_FALSE(reading.energy_joules);
  EXPECT_FALSE(reading.power_watts);
  EXPECT_EQ(reading.platform, "rapl");
}

TEST(OriginalProjection, counts_no_level_of_the_domain_tree_twice) {
  auto instance = nvidia("gpu-0/mig-1");
  instance.parent = "gpu-0";
  auto dram = make_domain("package-0/dram", Scope::Dram, "rapl");
  dram.parent = "package-0";
  FakeSource source({nvidia("gpu-0"), instance, rapl("package-0"), dram});
  const auto reading = last_of_twenty(source, {4, 3, 2, 1});
  EXPECT_NEAR(reading.energy_joules.value(), 76, 1);
  EXPECT_NEAR(reading.cpu_energy_joules.value(), 38, 0.5);
}

TEST(OriginalProjection, sends_no_modelled_energy_unmarked) {
  FakeSource source({make_domain("cpu-modelled", Scope::Package, "cpu-model", Method::Modelled)});
  EXPECT_FALSE(last_of_twenty(source, {1.0}).cpu_energy_joules);
}

TEST(OriginalProjection, M28_names_the_processor) {
  FakeSource source({rapl("package-0")});
  EXPECT_EQ(last_of_twenty(source, {1.0}).machine.cpu_brand, "Test CPU 9000");
}

TEST(OriginalProjection, M29_reports_host_memory_without_any_accelerator) {
  FakeSource source(std::vector<telemetry::Domain>{});
  source.emit(tick(0), {}, {{Gauge::CpuMemoryMb, tick(0), 2048}});
  OriginalProjection projection(source, tick(1));
  const auto readings = projection.project(tick(2), 5);
  ASSERT_EQ(readings.size(), 1U);
  EXPECT_EQ(readings[0].cpu_memory_mb, 2048);
  EXPECT_EQ(readings[0].platform, "null");
  EXPECT_EQ(readings[0].unix_ns, 5);
}

TEST(OriginalProjection, averages_temperatures_and_adds_memory_over_devices) {
  FakeSource source(std::vector<telemetry::Domain>{});
  source.emit(tick(0), {},
              {{Gauge::Temperature, tick(0), 40},
               {Gauge::Temperature, tick(0), 60},
               {Gauge::GpuMemoryMb, tick(0), 40},
               {Gauge::GpuMemoryMb, tick(0), 60}});
  OriginalProjection projection(source, tick(0));
  const auto reading = projection.project(tick(1), 5).at(0);
  EXPECT_EQ(reading.temperature_celsius, 50);
  EXPECT_EQ(reading.gpu_memory_mb, 100);
}

TEST(OriginalProjection, says_nothing_for_a_device_that_fell_silent_and_goes_on_counting_afterwards) {
  FakeSource source({rapl("package-0")});
  OriginalProjection projection(source, tick(0));
  std::vector<OriginalReading> readings;
  for (int i = 0; i < 60; ++i) {
    const bool silent = i >= 20 && i < 40;
    source.emit(tick(i), {silent ? std::nullopt : std::optional(1.0 * i)});
    for (auto& reading : projection.project(tick(i), i)) readings.push_back(reading);
  }
  EXPECT_FALSE(readings.at(30).cpu_energy_joules);
  EXPECT_TRUE(readings.back().cpu_energy_joules);
}

TEST(OriginalMonitor, has_the_domains_whose_fields_its_first_reading_fills) {
  OriginalReading reading;
  reading.platform = "nvidia";
  reading.energy_joules = 5;
  const auto domains = domains_of(reading);
  ASSERT_EQ(domains.size(), 1U);
  EXPECT_EQ(domains[0].name, "gpu");
  EXPECT_EQ(domains[0].scope, Scope::Accelerator);
  EXPECT_EQ(domains[0].collector, "monitor:nvidia");
}

TEST(OriginalMonitor, M22_nan_and_infinity_become_silence_with_a_reason) {
  OriginalReading reading;
  reading.energy_joules = 5;
  const auto domains = domains_of(reading);
  reading.energy_joules = std::numeric_limits<double>::quiet_NaN();
  reading.temperature_celsius = std::numeric_limits<double>::infinity();
  const auto sample = to_sample(reading, domains, tick(1), Nanoseconds(10));
  EXPECT_TRUE(sample.readings.empty());
  EXPECT_TRUE(sample.gauges.empty());
  ASSERT_EQ(sample.silent.size(), 1U);
  EXPECT_EQ(sample.silent[0].reason, "the monitor sends no value");
}

}  // namespace
}  // namespace ipw::rpc
