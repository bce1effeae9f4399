// SPDX-License-Identifier: Apache-2.0
// NVIDIA GPUs and drivers that fail, vanish, return and lie (goals F1 to F5, F9, F11, F13 to F15).
#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "gpu_machine.h"
#include "ipw/base/error.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

using testing::HasSubstr;

class NvmlFaults : public GpuMachine {
 protected:
  std::unique_ptr<Collector> open(bool named = false) {
    CollectorOptions options{root()};
    options.named = named;
    return make_nvml(options);
  }
  std::int64_t now() const { return clock_.now().time_since_epoch().count(); }
  void fail(sim::Device& device, int code, double seconds) {
    device.fault[0] = {sim::Fault::Error, now(), now() + static_cast<std::int64_t>(seconds * 1e9),
                       double(code)};
  }
  // Seconds from `since` until a domain has a reading again.
  double back_after(Collector& collector, std::uint32_t of, Instant since, double patience = 30) {
    for (int n = 0; n < patience / 0.05; ++n, advance(0.05))
      if (reading(poll(collector), of)) return to_seconds(clock_.now() - since);
    return 1e9;
  }
  void put_on_bus() {
    write("sys/bus/pci/devices/0000:17:00.0/vendor", "0x10de\n");
    write("sys/bus/pci/devices/0000:17:00.0/class", "0x030200\n");
  }
};

TEST_F(NvmlFaults, F1_a_missing_library_is_named_with_each_place_and_the_remedy) {
  try {
    open();
    FAIL() << "opened nothing";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unavailable);
    EXPECT_THAT(e.what(), HasSubstr("libnvidia-ml.so.1"));
    EXPECT_THAT(e.hint(), HasSubstr("install"));
  }
  report_goal("F1", true,
              "NVML: a missing library is an error with each place that was tried; nothing else stops");
}

TEST_F(NvmlFaults, F2_each_missing_symbol_costs_its_own_metric_alone) {
  gpu();
  const std::vector<std::string> optional{"nvmlSystemGetDriverVersion",
                                          "nvmlDeviceGetName",
                                          "nvmlDeviceGetUUID",
                                          "nvmlDeviceGetPciInfo_v3",
                                          "nvmlDeviceGetArchitecture",
                                          "nvmlDeviceGetTotalEnergyConsumption",
                                          "nvmlDeviceGetPowerUsage",
                                          "nvmlDeviceGetFieldValues",
                                          "nvmlDeviceGetSamples",
                                          "nvmlDeviceGetMemoryInfo_v2",
                                          "nvmlDeviceGetMemoryInfo",
                                          "nvmlDeviceGetUtilizationRates",
                                          "nvmlDeviceGetTemperatureV",
                                          "nvmlDeviceGetTemperature",
                                          "nvmlDeviceGetClockInfo",
                                          "nvmlDeviceGetCurrentClocksEventReasons",
                                          "nvmlDeviceGetMigMode",
                                          "nvmlDeviceGetEnforcedPowerLimit",
                                          "nvmlDeviceGetMaxMigDeviceCount",
                                          "nvmlGpmMetricsGet",
                                          "nvmlInit_v2",
                                          "nvmlDeviceGetComputeRunningProcesses_v3"};
  int survived = 0;
  for (const std::string& symbol : optional) {
    SCOPED_TRACE(symbol);
    install("libnvidia-ml.so.1", symbol);
    const auto collector = open();
    const auto sample = poll(*collector);
    ASSERT_TRUE(reading(sample, 0));
    EXPECT_TRUE(reading(sample, 0)->energy_joules);
    const bool load = gauge(sample, Gauge::GpuUtilization).has_value();
    EXPECT_EQ(load, symbol != "nvmlDeviceGetUtilizationRates");
    EXPECT_EQ(gauge(sample, Gauge::CoreClock).has_value(), symbol != "nvmlDeviceGetClockInfo");
    EXPECT_TRUE(gauge(sample, Gauge::Throttle)) << "the older name stands in";
    EXPECT_TRUE(gauge(sample, Gauge::GpuMemoryMb)) << "the other form stands in";
    EXPECT_TRUE(gauge(sample, Gauge::Temperature)) << "the other form stands in";
    EXPECT_EQ(gauge(sample, Gauge::MemoryTemperature).has_value(), symbol != "nvmlDeviceGetFieldValues");
    ++survived;
  }
  install("libnvidia-ml.so.1", "nvmlShutdown");
  EXPECT_THROW(open(), Error) << "without it nothing can be initialised again";
  report_goal(
      "F2", survived == static_cast<int>(optional.size()),
      fmt::format("{} NVML symbols removed one by one: energy stands, only the metric of the symbol is gone",
                  survived));
}

TEST_F(NvmlFaults, F3_a_driver_that_appears_later_is_found) {
  auto& device = gpu();
  device.fault[0] = {sim::Fault::Driver, 0, 40 * kSecond, 9};
  install();
  EXPECT_THROW(open(), Error) << "no GPU on the bus: nobody waits";
  put_on_bus();
  EXPECT_THROW(open(true), Error) << "asked for by name: an error";
  const auto collector = open();
  EXPECT_TRUE(collector->domains().empty());
  run(*collector, 30, [&](const Sample& s) { EXPECT_TRUE(s.readings.empty()); });
  ASSERT_GE(to_seconds(clock_.now().time_since_epoch()), 40 - 1e-6);
  const double seconds = back_after(*collector, 0, clock_.now());
  ASSERT_EQ(collector->domains().size(), 1U);
  EXPECT_LE(seconds, 2);
  report_goal("F3", seconds <= 2,
              fmt::format("NVML init failed for 30 s: measured {:.2f} s after the driver came", seconds));
}

TEST_F(NvmlFaults, F4_a_lost_gpu_is_back_within_two_seconds_and_old_handles_are_never_used) {
  auto& lost = gpu();
  gpu();
  install();
  const auto collector = open();
  History history(collector->domains());
  double worst = 0;
  for (const int code : {15, 16, 17}) {
    for (const double outage : {0.3, 2.0, 7.7}) {
      SCOPED_TRACE(fmt::format("code {} for {} s", code, outage));
      fail(lost, code, outage);
      std::string reason;
      Cause cause{};
      run(*collector, outage, [&](const Sample& s) {
        history.feed(s);
        EXPECT_TRUE(reading(s, 1)) << "the other GPU is not disturbed";
        reason = silence(s, 0);
        for (const auto& silent : s.silent) cause = silent.cause;
      });
      EXPECT_THAT(reason, HasSubstr(fmt::format("(NVML {})", code)));
      EXPECT_EQ(cause, code == 17 ? Cause::Denied : Cause::Lost);
      worst = std::max(worst, back_after(*collector, 0, clock_.now()));
      run(*collector, 3, [&](const Sample& s) { history.feed(s); });
    }
  }
  EXPECT_LE(worst, 2);
  EXPECT_EQ(world().stale_handles.load(), 0U);
  // The counter covers the outages.
  const auto energy =
      history.window(Instant(std::chrono::seconds(11)), clock_.now() - std::chrono::seconds(1)).energies;
  EXPECT_NEAR(*energy[0].joules, *energy[1].joules, 1);
  report_goal(
      "F4", worst <= 2,
      fmt::format("9 outages (NVML 15, 16, 17): back after {:.2f} s at worst, no handle from before is used",
                  worst));
}

TEST_F(NvmlFaults, F4_each_reason_comes_with_its_remedy) {
  auto& device = gpu();
  install();
  const auto collector = open();
  const std::pair<int, const char*> remedies[] = {
      {9, "modprobe nvidia"}, {15, "Xid"}, {16, "--gpu-reset"}, {17, "--gpus all"}, {18, "reboot"}};
  for (const auto& [code, remedy] : remedies) {
    fail(device, code, 1);
    EXPECT_THAT(silence(poll(*collector)), HasSubstr(remedy));
    advance(1.5);
    back_after(*collector, 0, clock_.now());
  }
}

TEST_F(NvmlFaults, a_permanent_loss_is_looked_at_ever_more_seldom) {
  auto& device = gpu();
  gpu();
  install();
  const auto collector = open();
  fail(device, 15, 1e6);
  run(*collector, 120, [](const Sample&) {});
  const auto before = world().device[1].reads.load();
  run(*collector, 60, [](const Sample&) {});
  const auto with_loss = world().device[1].reads.load() - before;
  fail(device, 0, 0);
  run(*collector, 20, [](const Sample&) {});
  const auto again = world().device[1].reads.load();
  run(*collector, 60, [](const Sample&) {});
  const auto without = world().device[1].reads.load() - again;
  EXPECT_LE(static_cast<double>(with_loss), 1.05 * static_cast<double>(without));
}

TEST_F(NvmlFaults, F5_a_gpu_that_is_plugged_in_is_appended_and_one_that_vanishes_is_silent) {
  gpu();
  gpu();
  install();
  const auto collector = open();
  run(*collector, 3, [](const Sample&) {});
  gpu({{1, 123}});
  advance(1);
  run(*collector, 1.5, [](const Sample&) {});
  ASSERT_EQ(collector->domains().size(), 3U);
  EXPECT_EQ(collector->domains()[2].name, "gpu-2");
  EXPECT_NEAR(reading(poll(*collector), 2)->power_watts.value(), 123, 1e-6);

  world().device[0].fault[0] = {sim::Fault::Vanished, now(), now() + 5 * kSecond, 0};
  run(*collector, 4.5, [](const Sample&) {});
  const auto sample = poll(*collector);
  EXPECT_THAT(silence(sample, 0), HasSubstr("does not list it any more"));
  EXPECT_TRUE(reading(sample, 1));
  EXPECT_NEAR(reading(sample, 2)->power_watts.value(), 123, 1e-6)
      << "indices of the driver have moved, ours have not";
  run(*collector, 1, [](const Sample&) {});
  const double seconds = back_after(*collector, 0, clock_.now());
  EXPECT_LE(seconds, 2);
  EXPECT_EQ(collector->domains().size(), 3U);
  EXPECT_EQ(world().stale_handles.load(), 0U);
  report_goal("F5", seconds <= 2,
              "a GPU plugged in is appended within 1.5 s; one that vanishes is silent and comes back");
}

TEST_F(NvmlFaults, F9_the_driver_goes_and_all_devices_are_silent_until_it_is_back) {
  auto& first = gpu();
  gpu();
  install();
  const auto collector = open();
  run(*collector, 2, [](const Sample&) {});
  for (auto* device : {&first, &world().device[1]}) fail(*device, 9, 4);
  first.fault[1] = {sim::Fault::Driver, now(), now() + 4 * kSecond, 9};
  run(*collector, 3.9, [&](const Sample& s) {
    EXPECT_TRUE(s.readings.empty());
    EXPECT_THAT(silence(s, 1), HasSubstr("driver is not loaded"));
  });
  advance(0.1);
  EXPECT_LE(back_after(*collector, 1, clock_.now()), 2);
}

TEST_F(NvmlFaults, a_driver_update_is_over_when_the_new_library_fits) {
  auto& device = gpu();
  install();
  const auto collector = open();
  fail(device, 18, 3);
  device.fault[1] = {sim::Fault::Driver, now(), now() + 3 * kSecond, 18};
  run(*collector, 2, [&](const Sample& s) { EXPECT_THAT(silence(s), HasSubstr("different versions")); });
  std::filesystem::remove(root_ / "usr/lib/libnvidia-ml.so.1");
  install();
  advance(1);
  EXPECT_LE(back_after(*collector, 0, clock_.now()), 2);
}

TEST_F(NvmlFaults, F11_errors_of_a_moment_are_silence_with_the_code_and_nothing_is_initialised_again) {
  auto& device = gpu();
  install();
  const auto collector = open();
  for (const int code : {2, 6, 10, 21, 27, 999, 12345}) {
    fail(device, code, 0.2);
    EXPECT_THAT(silence(poll(*collector)), HasSubstr(fmt::format("(NVML {})", code)));
    advance(0.2);
    EXPECT_TRUE(reading(poll(*collector), 0)) << code;
  }
}

TEST_F(NvmlFaults, F13_a_frozen_counter_gives_readings_that_do_not_move) {
  auto& device = gpu();
  device.fault[0] = {sim::Fault::Frozen, 12 * kSecond, 20 * kSecond, 0};
  install();
  const auto collector = open();
  std::set<double> values;
  run(*collector, 8, [&](const Sample& s) {
    if (clock_.now() > Instant(std::chrono::seconds(13))) values.insert(reading(s, 0)->energy_joules.value());
  });
  EXPECT_EQ(values.size(), 1U);
}

TEST_F(NvmlFaults, F14_a_counter_that_goes_back_by_one_adds_nothing_and_loses_nothing) {
  auto& device = gpu();
  for (std::size_t i = 0; i < 8; ++i) {
    const auto at = static_cast<std::int64_t>(12 + i) * kSecond + 20'000'000;
    device.fault[i] = {sim::Fault::Backwards, at, at + 40'000'000, 1};
  }
  install();
  const auto collector = open();
  History history(collector->domains());
  run(*collector, 20, [&](const Sample& s) { history.feed(s); });
  const auto energy =
      history.window(Instant(std::chrono::seconds(11)), Instant(std::chrono::seconds(29))).energies[0];
  EXPECT_NEAR(energy.joules.value(), 18 * 300, 30);
  report_goal("F14", std::abs(*energy.joules - 5400) <= 30,
              fmt::format("NVML counter 8 times back by 1 mJ: {:.1f} J of 5400 J", *energy.joules));
}

TEST_F(NvmlFaults, F15_nonsense_of_the_vendor_is_no_value) {
  auto& device = gpu();
  device.start_joules = 1000;
  install();
  const auto collector = open();
  History history(collector->domains());
  int nonsense = 0, polls = 0;
  for (const double value : {0.0, std::nan(""), -1.0, 1e300, HUGE_VAL}) {
    run(*collector, 2, [&](const Sample& s) { history.feed(s); });
    device.fault[0] = {sim::Fault::Garbage, now(), now() + kSecond / 2, value};
    run(*collector, 0.5, [&](const Sample& s) {
      history.feed(s);
      ++polls;
      nonsense += !s.silent.empty() && s.silent[0].cause == Cause::Nonsense && s.readings.empty();
    });
  }
  EXPECT_EQ(nonsense, polls);
  run(*collector, 2, [&](const Sample& s) { history.feed(s); });
  const auto energy =
      history.window(Instant(std::chrono::seconds(11)), Instant(std::chrono::seconds(24))).energies[0];
  EXPECT_NEAR(energy.joules.value(), 13 * 300, 10);
  report_goal("F15", nonsense == polls && std::abs(*energy.joules - 3900) <= 10,
              fmt::format("NVML 0, NaN, -1, 1e300, Inf: {} of {} reads refused, {:.0f} J of 3900 J", nonsense,
                          polls, *energy.joules));
}

TEST_F(NvmlFaults, F15_impossible_gauges_are_left_out) {
  auto& device = gpu();
  device.utilization_pct = 4e9;
  device.temperature_celsius = 65535;
  device.memory_used_mb = 1e6;
  install();
  const auto sample = poll(*open());
  EXPECT_FALSE(gauge(sample, Gauge::GpuUtilization));
  EXPECT_FALSE(gauge(sample, Gauge::Temperature));
  EXPECT_FALSE(gauge(sample, Gauge::GpuMemoryMb));
  EXPECT_TRUE(reading(sample, 0));
}

class NvmlDoctor : public NvmlFaults {
 protected:
  SensorStatus first() { return diagnose_nvml(root()).at(0); }
  void expect(bool present, const char* detail, const char* remedy) {
    const auto status = first();
    EXPECT_EQ(status.present, present) << status.detail;
    EXPECT_THAT(status.detail, HasSubstr(detail));
    EXPECT_THAT(status.remedy, HasSubstr(remedy));
  }
};

TEST_F(NvmlDoctor, nothing_at_all) {
  expect(false, "none on the PCI bus", "--gpus all");
}
TEST_F(NvmlDoctor, a_gpu_without_driver_and_library) {
  put_on_bus();
  expect(false, "0000:17:00.0 on the PCI bus", "install the NVIDIA driver");
}
TEST_F(NvmlDoctor, a_driver_without_library) {
  write("proc/driver/nvidia/version", "NVRM version\n");
  expect(false, "its library is not there", "install the user part");
}
TEST_F(NvmlDoctor, a_file_that_is_not_the_library) {
  install("libhlml.so");
  std::filesystem::rename(root_ / "usr/lib/libhlml.so", root_ / "usr/lib/libnvidia-ml.so.1");
  expect(false, "has no nvmlInit", "reinstall");
}
TEST_F(NvmlDoctor, a_library_on_a_machine_without_gpu) {
  gpu().fault[0] = {sim::Fault::Driver, 0, INT64_MAX, 9};
  install();
  expect(false, "no NVIDIA GPU is on the PCI bus", "virtual machine");
}
TEST_F(NvmlDoctor, a_driver_that_is_not_loaded) {
  gpu().fault[0] = {sim::Fault::Driver, 0, INT64_MAX, 9};
  put_on_bus();
  install();
  expect(false, "driver is not loaded", "modprobe nvidia");
  std::filesystem::create_directories(root_ / "sys/module/nouveau");
  expect(false, "nouveau holds the GPU", "blacklist");
}
TEST_F(NvmlDoctor, a_library_and_a_driver_of_different_versions) {
  gpu().fault[0] = {sim::Fault::Driver, 0, INT64_MAX, 18};
  install();
  expect(false, "different versions", "reboot");
}
TEST_F(NvmlDoctor, no_permission_and_a_blocked_device) {
  auto& device = gpu();
  device.fault[0] = {sim::Fault::Driver, 0, INT64_MAX, 4};
  install();
  expect(false, "no permission", "as root");
  device.fault[0] = {sim::Fault::Error, 0, INT64_MAX, 17};
  expect(false, "cgroup blocks", "--gpus all");
}
TEST_F(NvmlDoctor, a_driver_that_lists_nothing) {
  install();
  expect(false, "lists no GPU", "none on the PCI bus");
}
TEST_F(NvmlDoctor, a_lost_gpu_beside_one_that_is_well) {
  gpu().fault[0] = {sim::Fault::Error, 0, INT64_MAX, 15};
  gpu();
  install();
  expect(false, "fallen off the bus", "Xid");
  const auto all = diagnose_nvml(root());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[1].present);
  EXPECT_EQ(all[1].sensor, "NVIDIA GPU 1");
  EXPECT_THAT(all[1].detail, HasSubstr("energy counter"));
}
TEST_F(NvmlDoctor, a_virtual_gpu_without_counter_and_what_else_is_missing) {
  gpu().refused = sim::kNoEnergy | sim::kNoScopedEnergy | sim::kNoMemoryTemperature | sim::kNoThrottle;
  install();
  expect(true, "instant power is integrated", "on its host");
  EXPECT_THAT(first().detail, HasSubstr("memory temperature: not supported"));
  EXPECT_THAT(first().detail, HasSubstr("throttling: not supported"));
}
TEST_F(NvmlDoctor, a_gpu_that_offers_nothing) {
  gpu().refused =
      sim::kNoEnergy | sim::kNoScopedEnergy | sim::kNoInstantPower | sim::kNoPower | sim::kNoAveragePower;
  install();
  expect(false, "neither an energy counter nor power", "on its host only");
}
TEST_F(NvmlDoctor, a_suspended_gpu) {
  auto& device = gpu();
  write(std::string("sys/bus/pci/devices/") + device.bus + "/power/control", "auto\n");
  write(std::string("sys/bus/pci/devices/") + device.bus + "/power/runtime_status", "suspended\n");
  install();
  expect(false, "suspended", "as soon as");
}

}  // namespace
}  // namespace ipw::telemetry
