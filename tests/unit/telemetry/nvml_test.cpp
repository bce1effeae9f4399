// SPDX-License-Identifier: Apache-2.0
// NVIDIA GPUs, read from the stub library of a simulated machine: what is measured, and what it covers.
#include <gmock/gmock.h>

#include "gpu_machine.h"
#include "ipw/base/error.h"
#include "ipw/records/run_folder.h"
#include "ipw/telemetry/gpu_processes.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

using testing::HasSubstr;

class NvmlTest : public GpuMachine {
 protected:
  std::unique_ptr<Collector> open(const std::string& argument = {}, std::optional<std::string> visible = {},
                                  bool alternatives = false) {
    return make_nvml({root(), argument, std::move(visible), alternatives, !argument.empty()});
  }
  std::string refusal(const std::string& argument = {}, std::optional<std::string> visible = {}) {
    try {
      open(argument, std::move(visible));
    } catch (const Error& e) {
      return std::string(e.what()) + " | " + e.hint();
    }
    return "not refused";
  }
};

TEST_F(NvmlTest, the_counter_is_the_energy_and_every_reading_is_bracketed) {
  gpu({{1, 100}, {1, 500}});
  install();
  const auto collector = open();
  History history(collector->domains());
  run(*collector, 20, [&](const Sample& s) { history.feed(s); });
  const auto window = history.window(Instant(std::chrono::seconds(12)), Instant(std::chrono::seconds(28)));
  ASSERT_EQ(window.energies.size(), 1U);
  EXPECT_NEAR(window.energies[0].joules.value(), 16 * 300, 16 * 300 * 0.005);
  EXPECT_EQ(window.energies[0].method, "counter");
  EXPECT_EQ(window.energies[0].scope, "accelerator");
  EXPECT_THAT(domain(*collector, "gpu-0").device, HasSubstr("H100"));
  EXPECT_EQ(domain(*collector, "gpu-0").cap_watts, 1400);  // twice the limit
}

TEST_F(NvmlTest, M26_every_gpu_is_a_domain_with_its_id_and_the_count_is_what_is_measured) {
  for (int i = 0; i < 3; ++i) gpu({{1, 100.0 * (i + 1)}});
  install();
  const auto collector = open();
  History history(collector->domains());
  run(*collector, 5, [&](const Sample& s) { history.feed(s); });
  const auto energies =
      history.window(Instant(std::chrono::seconds(11)), Instant(std::chrono::seconds(14))).energies;
  ASSERT_EQ(energies.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(energies[i].domain, "gpu-" + std::to_string(i));
    EXPECT_NEAR(energies[i].joules.value(), 300.0 * static_cast<double>(i + 1), 5);
  }
  const auto sample = poll(*collector);
  for (std::uint32_t i = 0; i < 3; ++i) {
    for (const Gauge kind : {Gauge::Temperature, Gauge::GpuMemoryMb, Gauge::GpuUtilization})
      EXPECT_TRUE(gauge(sample, kind, i)) << i;
    EXPECT_TRUE(reading(sample, i)->power_watts);
  }
  records::MachineInfo machine;
  collector->describe(machine);
  EXPECT_EQ(machine.gpu_name, "NVIDIA H100 80GB HBM3 x3");
  EXPECT_EQ(machine.gpu_count, 3);
  EXPECT_EQ(machine.gpu_vendor, "NVIDIA");
  EXPECT_EQ(machine.gpu_backend, "NVML");
  EXPECT_EQ(machine.gpu_driver, "575.57.08");
  EXPECT_EQ(records::hardware_label(*machine.gpu_name, ""), "H100");
}

TEST_F(NvmlTest, gpus_of_different_kinds_are_named_by_their_number) {
  gpu();
  add("nvidia", "NVIDIA A30", {{1, 100}});
  install();
  records::MachineInfo machine;
  open()->describe(machine);
  EXPECT_EQ(machine.gpu_name, "NVIDIA (2 GPUs)");
}

TEST_F(NvmlTest, K3_M27_any_gpu_can_be_chosen_and_one_that_is_missing_is_an_error_with_the_list) {
  for (int i = 0; i < 3; ++i) gpu({{1, 100.0 * (i + 1)}});
  install();
  const auto collector = open("1");
  ASSERT_EQ(collector->domains().size(), 1U);
  EXPECT_EQ(collector->domains()[0].name, "gpu-1");
  EXPECT_NEAR(poll(*collector).readings.at(0).power_watts.value(), 200, 1e-6);
  EXPECT_EQ(open("GPU-nvidia-00000002,0")->domains().size(), 2U);
  const auto text = refusal("7");
  EXPECT_THAT(text, HasSubstr("no NVIDIA GPU '7'"));
  EXPECT_THAT(text, HasSubstr("0 (GPU-nvidia-00000000"));
  EXPECT_THAT(text, HasSubstr("2 (GPU-nvidia-00000002"));
}

TEST_F(NvmlTest, K4_cuda_visible_devices_is_honoured_and_an_argument_goes_before_it) {
  for (int i = 0; i < 3; ++i) gpu();
  install();
  EXPECT_EQ(open({}, "2")->domains().at(0).name, "gpu-2");
  EXPECT_EQ(open({}, "all")->domains().size(), 3U);
  EXPECT_EQ(open("all", "2")->domains().size(), 3U);
  EXPECT_THAT(refusal({}, "none"), HasSubstr("hidden"));
  EXPECT_THAT(refusal({}, "9"), HasSubstr("names no GPU that is there"));
}

TEST_F(NvmlTest, M9_a_counter_that_starts_again_adds_no_energy_and_is_flagged) {
  auto& device = gpu();
  device.start_joules = 5e6;
  device.fault[0] = {sim::Fault::Reset, 15 * kSecond, INT64_MAX, 0};
  install();
  const auto collector = open();
  History history(collector->domains());
  run(*collector, 10, [&](const Sample& s) { history.feed(s); });
  const auto energy =
      history.window(Instant(std::chrono::seconds(11)), Instant(std::chrono::seconds(19))).energies[0];
  EXPECT_LE(energy.joules.value(), 8 * 300.0);
  EXPECT_GE(energy.joules.value(), 7.5 * 300.0);
  EXPECT_LT(energy.coverage, 1);
  EXPECT_THAT(history.problems().at(0), HasSubstr("1 counter reset"));
}

TEST_F(NvmlTest, M16_two_collectors_see_one_series_each_their_own) {
  gpu();
  install();
  const auto a = open(), b = open();
  History first(a->domains()), second(b->domains());
  run(*a, 10, [&](const Sample& s) {
    first.feed(s);
    second.feed(poll(*b));
  });
  const Instant begin(std::chrono::seconds(12)), end(std::chrono::seconds(18));
  EXPECT_NEAR(first.window(begin, end).energies[0].joules.value(),
              second.window(begin, end).energies[0].joules.value(), 1e-9);
}

TEST_F(NvmlTest, without_a_counter_the_instant_power_is_integrated_and_T_and_W_are_told) {
  auto& device = gpu({{1, 100}, {1, 500}});
  device.refused = sim::kNoEnergy | sim::kNoScopedEnergy;
  device.averaging_seconds = 0.025;
  install();
  const auto collector = open();
  const Domain& domain = collector->domains().at(0);
  EXPECT_EQ(domain.method, Method::Integrated);
  EXPECT_DOUBLE_EQ(domain.update_seconds, 0.1);
  EXPECT_DOUBLE_EQ(domain.averaging_seconds, 0.025);
  History history(collector->domains());
  run(*collector, 40, [&](const Sample& s) { history.feed(s); });
  const auto energy =
      history.window(Instant(std::chrono::seconds(12)), Instant(std::chrono::seconds(48))).energies[0];
  EXPECT_NEAR(energy.joules.value(), 36 * 300, 36 * 300 * 0.02);
}

TEST_F(NvmlTest, E4_a_mean_over_a_second_is_used_alone_and_never_beside_anything_better) {
  auto& device = gpu();
  install();
  EXPECT_EQ(domain(*open(), "gpu-0").averaging_seconds, 0) << "the counter";
  device.refused = sim::kNoEnergy | sim::kNoScopedEnergy;
  EXPECT_LT(domain(*open(), "gpu-0").averaging_seconds, 0.1) << "instant power";
  device.refused = sim::kNoEnergy | sim::kNoScopedEnergy | sim::kNoInstantPower;
  const auto worst = open();
  EXPECT_EQ(domain(*worst, "gpu-0").averaging_seconds, 1);
  EXPECT_THAT(domain(*worst, "gpu-0").note, HasSubstr("below 5 s"));
  EXPECT_TRUE(poll(*worst).readings.at(0).power_watts);
  device.refused = sim::kNoInstantPower;
  const auto counter = open();
  EXPECT_FALSE(poll(*counter).readings.at(0).power_watts) << "a mean is no power of the instant";
  report_goal("E4", true,
              "NVML: the 1 s mean is primary only where neither counter nor instant power is, and says so");
}

TEST_F(NvmlTest, worse_sources_of_the_same_are_there_for_comparison_when_asked_for) {
  gpu({{1, 100}, {1, 500}});
  install();
  const auto collector = open({}, {}, true);
  History history(collector->domains());
  run(*collector, 40, [&](const Sample& s) { history.feed(s); });
  const auto energies =
      history.window(Instant(std::chrono::seconds(12)), Instant(std::chrono::seconds(48))).energies;
  ASSERT_EQ(energies.size(), 4U);
  for (const std::string name : {"instant", "average", "samples"})
    EXPECT_EQ(domain(*collector, "gpu-0/" + name).alternative_to, "gpu-0");
  EXPECT_EQ(domain(*collector, "gpu-0/average").averaging_seconds, 1);
  for (const auto& energy : energies)
    EXPECT_NEAR(energy.joules.value(), 36 * 300, 36 * 300 * 0.03) << energy.domain;
}

TEST_F(NvmlTest, the_samples_of_the_driver_come_once_each_and_at_the_time_they_were_taken) {
  auto& device = gpu({{1, 100}, {1, 500}});
  device.update_seconds = 0.02;
  install();
  const auto collector = open({}, {}, true);
  const auto samples = index(*collector, "gpu-0/samples");
  std::vector<Reading> got;
  run(*collector, 10, [&](const Sample& s) {
    for (const Reading& r : s.readings)
      if (r.domain == samples) got.push_back(r);
  });
  EXPECT_NEAR(static_cast<double>(got.size()), 10 / 0.02, 25);
  for (std::size_t i = 1; i < got.size(); ++i) {
    EXPECT_NEAR(to_seconds(got[i].mid - got[i - 1].mid), 0.02, 1e-4);
    const double second = std::fmod(to_seconds(got[i].mid.time_since_epoch()), 2);
    const bool at_a_step = std::abs(second - 1) < 0.001 || second < 0.001 || second > 1.999;
    if (!at_a_step) {
      EXPECT_NEAR(got[i].power_watts.value(), second < 1 ? 100 : 500, 1) << second;
    }
  }
}

TEST_F(NvmlTest, gauges_are_read_at_5_hz_and_energy_at_every_tick) {
  auto& device = gpu();
  device.utilization_pct = 80;
  device.throttle = 0x4 | 0x40 | 0x80 | 0x10;
  install();
  const auto collector = open();
  int ticks = 0, energies = 0, loads = 0;
  Sample first = poll(*collector);
  run(*collector, 10, [&](const Sample& s) {
    ++ticks;
    energies += reading(s, 0)->energy_joules.has_value();
    loads += gauge(s, Gauge::GpuUtilization).has_value();
  });
  EXPECT_EQ(energies, ticks);
  EXPECT_NEAR(loads, 50, 3);
  EXPECT_EQ(gauge(first, Gauge::GpuUtilization), 80);
  EXPECT_EQ(gauge(first, Gauge::GpuMemoryBandwidth), 40);
  EXPECT_EQ(gauge(first, Gauge::Temperature), 45);
  EXPECT_EQ(gauge(first, Gauge::MemoryTemperature), 55);
  EXPECT_EQ(gauge(first, Gauge::GpuMemoryMb), 1024);
  EXPECT_EQ(gauge(first, Gauge::GpuMemoryTotalMb), 81920);
  EXPECT_EQ(gauge(first, Gauge::PowerLimit), 700);
  EXPECT_EQ(gauge(first, Gauge::CoreClock), 1980);
  EXPECT_EQ(gauge(first, Gauge::MemoryClock), 2619);
  EXPECT_EQ(gauge(first, Gauge::Throttle),
            kThrottlePowerCap | kThrottleThermal | kThrottleHardware | kThrottleSync);
}

TEST_F(NvmlTest, M34_M36_the_busy_share_of_the_memory_and_the_load_reach_the_window) {
  gpu().utilization_pct = 60;
  install();
  const auto collector = open();
  History history(collector->domains());
  run(*collector, 5, [&](const Sample& s) { history.feed(s); });
  const auto window = history.window(Instant(std::chrono::seconds(11)), Instant(std::chrono::seconds(14)));
  EXPECT_EQ(window.gpu_utilization_pct, 60);
  EXPECT_EQ(window.gpu_memory_bandwidth_pct, 30);
  EXPECT_EQ(window.gpu_memory_total_mb, 81920);
}

TEST_F(NvmlTest, unified_memory_is_that_of_the_machine) {
  gpu().refused = sim::kNoMemory;
  write("proc/meminfo", "MemTotal: 131072000 kB\nMemAvailable: 32768000 kB\n");
  install();
  const auto collector = open();
  const auto sample = poll(*collector);
  EXPECT_EQ(gauge(sample, Gauge::GpuMemoryMb), 96000);
  EXPECT_EQ(gauge(sample, Gauge::GpuMemoryTotalMb), 128000);
}

TEST_F(NvmlTest, an_old_driver_has_memory_in_the_older_form) {
  gpu().refused = sim::kNoNewMemory;
  install();
  EXPECT_EQ(gauge(poll(*open()), Gauge::GpuMemoryMb), 1024);
}

TEST_F(NvmlTest, a_suspended_gpu_is_not_read) {
  auto& device = gpu();
  const std::string power = std::string("sys/bus/pci/devices/") + device.bus + "/power/";
  write(power + "control", "auto\n");
  write(power + "runtime_status", "suspended\n");
  install();
  const auto collector = open();
  const auto reads = device.reads.load();
  EXPECT_THAT(silence(poll(*collector)), HasSubstr("suspended"));
  EXPECT_EQ(device.reads.load(), reads);
  write(power + "runtime_status", "active\n");
  EXPECT_TRUE(reading(poll(*collector), 0));
}

TEST_F(NvmlTest, E10_a_module_whose_gpu_scope_is_refused_is_labelled_module_and_counted_once) {
  auto& device = add("nvidia", "NVIDIA GH200 480GB", {{1, 400}});
  device.module_watts = 150;
  device.module_shown = 1;
  device.refused = sim::kNoGpuScope;
  install();
  const auto collector = open();
  ASSERT_EQ(collector->domains().size(), 1U);
  const Domain& module = collector->domains()[0];
  EXPECT_EQ(module.name, "module-0");
  EXPECT_EQ(module.scope, Scope::Module);
  EXPECT_THAT(module.note, HasSubstr("MODULE"));
  EXPECT_THAT(module.note, HasSubstr("refuses the GPU scope"));
  History history(collector->domains());
  run(*collector, 20, [&](const Sample& s) { history.feed(s); });
  const auto window = history.window(Instant(std::chrono::seconds(12)), Instant(std::chrono::seconds(28)));
  const double joules = window.energies[0].joules.value();
  EXPECT_NEAR(joules, 16 * 550, 16 * 550 * 0.002);
  EXPECT_FALSE(window.gpu_power_watts) << "a module is no accelerator";
  // With the CPU beside it, the sum over a scope is still the module alone.
  auto energies = window.energies;
  energies.push_back({.domain = "package-0", .scope = "package", .joules = 16 * 150});
  EXPECT_DOUBLE_EQ(records::headline_energy(energies).joules.value(), joules);
  report_goal("E10", true,
              fmt::format("GPU scope refused: {:.0f} J of 8800 J, labelled module, CPU not added", joules));
}

TEST_F(NvmlTest, E10_where_the_scopes_differ_gpu_and_module_are_two_levels_of_one_tree) {
  auto& device = add("nvidia", "NVIDIA GH200 480GB", {{1, 400}});
  device.module_watts = 150;
  device.module_shown = 1;  // the plain counter covers the module, as seen on GH200
  install();
  const auto collector = open();
  ASSERT_EQ(collector->domains().size(), 2U);
  EXPECT_EQ(domain(*collector, "gpu-0").scope, Scope::Accelerator);
  EXPECT_EQ(domain(*collector, "gpu-0").parent, "module-0");
  EXPECT_EQ(domain(*collector, "module-0").scope, Scope::Module);
  EXPECT_THAT(domain(*collector, "gpu-0").note, HasSubstr("plain counter covers the module"));
  History history(collector->domains());
  run(*collector, 20, [&](const Sample& s) { history.feed(s); });
  const auto energies =
      history.window(Instant(std::chrono::seconds(12)), Instant(std::chrono::seconds(28))).energies;
  EXPECT_NEAR(energies[0].joules.value(), 16 * 400, 10);
  EXPECT_NEAR(energies[1].joules.value(), 16 * 550, 12);
  EXPECT_EQ(records::headline_energy(energies).joules, energies[0].joules);
}

TEST_F(NvmlTest, E10_a_gpu_scope_that_shows_the_module_is_labelled_module) {
  auto& device = add("nvidia", "NVIDIA GH200 480GB", {{1, 400}});
  device.module_watts = 150;
  device.module_shown = 2;
  install();
  const auto collector = open();
  ASSERT_EQ(collector->domains().size(), 1U);
  EXPECT_EQ(collector->domains()[0].scope, Scope::Module);
  EXPECT_THAT(collector->domains()[0].note, HasSubstr("shows what the module scope shows"));
}

TEST_F(NvmlTest, E10_a_plain_counter_of_unknown_scope_is_not_used) {
  auto& device = add("nvidia", "NVIDIA GH200 480GB", {{1, 400}});
  device.module_watts = 150;
  device.module_shown = 1;
  device.refused = sim::kNoScopedEnergy;
  install();
  const auto collector = open();
  EXPECT_EQ(domain(*collector, "gpu-0").method, Method::Integrated);
  EXPECT_NEAR(reading(poll(*collector), 0)->power_watts.value(), 400, 1e-6);
  EXPECT_NEAR(reading(poll(*collector), 1)->power_watts.value(), 550, 1e-6);
}

TEST_F(NvmlTest, O6_the_time_in_the_vendors_lock_is_below_half_a_percent) {
  for (int i = 0; i < 8; ++i) gpu().realistic_costs = true;
  install();
  const auto collector = open();
  const auto busy = [&] {
    std::int64_t sum = 0;
    for (int i = 0; i < 8; ++i) sum += world().device[i].busy_ns.load();
    return static_cast<double>(sum) * 1e-9;
  };
  const double before = busy();
  run(*collector, 60, [](const Sample&) {});
  const double share = (busy() - before) / 60;
  EXPECT_LE(share, 0.005);
  const double at_50_ms = share, before_fast = busy();
  run(
      *collector, 60, [](const Sample&) {}, 0.02);
  const double at_20_ms = (busy() - before_fast) / 60;
  report_goal(
      "O6", share <= 0.005,
      fmt::format("8 GPUs at realistic costs: {:.2f} % of wall at 50 ms, {:.2f} % at 20 ms, the least period",
                  100 * at_50_ms, 100 * at_20_ms));
}

TEST_F(NvmlTest, M31_M32_K9_only_foreign_processes_count_as_load_of_others) {
  auto& device = gpu();
  install();
  EXPECT_TRUE(gpu_processes(root())->empty());
  device.process = 4711;
  const auto all = gpu_processes(root());
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->at(0).gpu, "GPU-nvidia-00000000");
  EXPECT_EQ(all->at(0).memory_mb, 1024);
  write("proc/4711/stat", "4711 (VLLM (worker)) S 4700 4700 1 0\n");
  const std::int64_t server[] = {4700}, other[] = {99};
  EXPECT_TRUE(foreign_processes(*all, server, root()).empty());
  EXPECT_EQ(foreign_processes(*all, other, root()).size(), 1U);
}

TEST_F(NvmlTest, the_process_list_is_never_asked_for_while_sampling) {
  gpu().realistic_costs = true;
  install();
  const auto collector = open();
  run(*collector, 10, [](const Sample&) {});
  EXPECT_LT(world().device[0].busy_ns.load(), 10'000'000);
}

}  // namespace
}  // namespace ipw::telemetry
