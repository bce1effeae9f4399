// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/history.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "build.h"

namespace ipw::telemetry {
namespace {

Sample sample(int n, std::vector<Reading> readings) {
  Sample out;
  out.sequence = static_cast<std::uint64_t>(n);
  out.tick = at(n * 0.05);
  out.readings = std::move(readings);
  return out;
}

TEST(History, every_domain_has_an_entry_with_a_reason_where_there_is_no_value) {
  History history({make_domain("package-0"), make_domain("package-0/dram", Scope::Dram)});
  for (int n = 0; n <= 40; ++n) {
    auto s = sample(n, {energy_reading(n * 0.05, n * 5.0)});
    s.silent = {{1U, "energy_uj: Permission denied"}};
    history.feed(s);
  }
  const auto report = history.window(at(0.5), at(1.5));
  ASSERT_EQ(report.energies.size(), 2U);
  EXPECT_NEAR(report.energies[0].joules.value(), 100, 1e-6);
  EXPECT_FALSE(report.energies[1].joules);
  EXPECT_EQ(report.energies[1].reason, "energy_uj: Permission denied");
  EXPECT_NEAR(report.cpu_power_watts->avg, 100, 1e-6);
  EXPECT_FALSE(report.gpu_power_watts);
}

TEST(History, M13_dram_has_its_own_entry_and_is_not_in_the_cpu_power) {
  History history({make_domain("package-0"), make_domain("package-0/dram", Scope::Dram)});
  for (int n = 0; n <= 40; ++n)
    history.feed(sample(n, {energy_reading(n * 0.05, n * 5.0), energy_reading(n * 0.05, n, 1)}));
  const auto report = history.window(at(0.5), at(1.5));
  EXPECT_NEAR(report.energies[1].joules.value(), 20, 1e-6);
  EXPECT_EQ(report.energies[1].scope, "dram");
  EXPECT_NEAR(report.cpu_power_watts->avg, 100, 1e-6);
}

TEST(History, a_silent_domain_does_not_hold_a_window_up) {
  History history({make_domain("package-0"), make_domain("gpu-0", Scope::Accelerator)});
  for (int n = 0; n <= 13; ++n) {
    auto s = sample(n, {energy_reading(n * 0.05, n * 5.0)});
    s.silent = {{1U, "lost"}};
    history.feed(s);
  }
  EXPECT_TRUE(history.settled(at(0.45)));
  EXPECT_FALSE(history.settled(at(0.55)));
  EXPECT_EQ(history.problems().size(), 1U);
}

TEST(History, gauges_of_several_devices_are_added_or_averaged) {
  History history({});
  Sample s = sample(1, {});
  s.gauges = {{Gauge::GpuMemoryMb, at(1), 1000},
              {Gauge::GpuMemoryMb, at(1), 500},
              {Gauge::Temperature, at(1), 40},
              {Gauge::Temperature, at(1), 60}};
  history.feed(s);
  const auto report = history.window(at(0.5), at(1.5));
  EXPECT_EQ(report.gpu_memory_mb->max, 1500);
  EXPECT_EQ(report.temperature_celsius->avg, 50);
}

TEST(History, a_gauge_without_a_value_inside_uses_the_one_just_before) {
  History history({});
  Sample s = sample(1, {});
  s.gauges = {{Gauge::CpuMemoryMb, at(1), 2048}};
  history.feed(s);
  EXPECT_EQ(history.window(at(1.01), at(1.02)).cpu_memory_mb->avg, 2048);
  EXPECT_FALSE(history.window(at(5), at(6)).cpu_memory_mb);
}

TEST(History, M26_gauges_are_kept_device_by_device) {
  History history({make_domain("gpu-0", Scope::Accelerator), make_domain("gpu-1", Scope::Accelerator)});
  for (int n = 0; n <= 40; ++n) {
    // The two devices come in samples of different threads.
    auto one = sample(n, {energy_reading(n * 0.05, n * 5.0)});
    one.gauges = {{Gauge::GpuMemoryMb, at(n * 0.05), 1000, 0}, {Gauge::GpuUtilization, at(n * 0.05), 100, 0}};
    auto two = sample(n, {energy_reading(n * 0.05, n * 2.5, 1)});
    two.gauges = {{Gauge::GpuMemoryMb, at(n * 0.05), 500, 1}, {Gauge::GpuUtilization, at(n * 0.05), 20, 1}};
    history.feed(one);
    history.feed(two);
  }
  const auto report = history.window(at(0.5), at(1.5));
  EXPECT_EQ(report.gpu_memory_mb->min, 1500);
  EXPECT_EQ(report.gpu_memory_mb->max, 1500);
  EXPECT_NEAR(*report.gpu_utilization_pct, 60, 1e-9);
  EXPECT_NEAR(report.gpu_power_watts->avg, 150, 1e-6);
  const auto find = [&](std::string_view domain, std::string_view gauge) {
    const auto it = std::ranges::find_if(
        report.devices, [&](const auto& d) { return d.domain == domain && d.gauge == gauge; });
    return it == report.devices.end() ? -1.0 : it->stats.avg;
  };
  EXPECT_NEAR(find("gpu-0", "power_watts") + find("gpu-1", "power_watts"), report.gpu_power_watts->avg, 1e-6);
  EXPECT_EQ(find("gpu-0", "gpu_memory_mb"), 1000);
  EXPECT_EQ(find("gpu-1", "gpu_memory_mb"), 500);
  EXPECT_EQ(find("gpu-1", "gpu_utilization_pct"), 20);
}

TEST(History, a_part_of_a_device_is_not_in_the_sum_over_the_devices) {
  Domain instance = make_domain("gpu-0/mig-0", Scope::Accelerator);
  instance.parent = "gpu-0";
  History history({make_domain("gpu-0", Scope::Accelerator), instance});
  for (int n = 0; n <= 40; ++n) {
    auto s = sample(n, {energy_reading(n * 0.05, n * 5.0), energy_reading(n * 0.05, n * 2.0, 1)});
    s.gauges = {{Gauge::GpuMemoryMb, at(n * 0.05), 1000, 0}, {Gauge::GpuMemoryMb, at(n * 0.05), 400, 1}};
    history.feed(s);
  }
  const auto report = history.window(at(0.5), at(1.5));
  EXPECT_EQ(report.gpu_memory_mb->max, 1000);
  EXPECT_NEAR(report.gpu_power_watts->avg, 100, 1e-6);
}

TEST(History, a_domain_that_comes_back_is_the_one_it_was) {
  History history({});
  Domain domain = make_domain("gpu-0", Scope::Accelerator);
  domain.collector = "nvml";
  EXPECT_EQ(history.add(domain), 0U);
  EXPECT_EQ(history.add(make_domain("package-0")), 1U);
  EXPECT_EQ(history.add(domain), 0U);
  domain.collector = "other";
  EXPECT_EQ(history.add(domain), 2U);
  EXPECT_EQ(history.domains()[2].name, "gpu-0 (other)");
  EXPECT_EQ(history.add(domain), 2U);
}

TEST(History, gauges_older_than_five_minutes_keep_their_extremes) {
  History history({make_domain("gpu-0", Scope::Accelerator)});
  for (int n = 0; n < 8000; ++n) {
    Sample s = sample(n, {});
    s.gauges = {{Gauge::Temperature, at(n * 0.05), n == 100 ? 90.0 : 50.0, 0}};
    history.feed(s);
  }
  const auto report = history.window(at(2), at(12));
  EXPECT_EQ(report.temperature_celsius->max, 90);
  EXPECT_EQ(report.temperature_celsius->min, 50);
  EXPECT_NEAR(report.temperature_celsius->avg, 50.2, 0.05);
}

}  // namespace
}  // namespace ipw::telemetry
