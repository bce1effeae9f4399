// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "gpu_machine.h"
#include "ipw/base/error.h"

namespace ipw::telemetry {
namespace {

using testing::HasSubstr;

class GaudiTest : public GpuMachine {
 protected:
  sim::Device& accelerator(double watts = 400) { return add("gaudi", "HL-225", {{1, watts}}); }
  void put() { install("libhlml.so"); }
  std::unique_ptr<Collector> open(const std::string& argument = {}) { return make_gaudi({root(), argument}); }
  SensorStatus first() { return diagnose_gaudi(root()).at(0); }
};

TEST_F(GaudiTest, reads_energy_power_load_memory_and_temperature_of_each) {
  accelerator(400).utilization_pct = 70;
  accelerator(500);
  put();
  const auto collector = open();
  History history(collector->domains());
  run(*collector, 10, [&](const Sample& s) { history.feed(s); });
  const auto window = history.window(Instant(std::chrono::seconds(11)), Instant(std::chrono::seconds(19)));
  EXPECT_EQ(window.energies[0].domain, "gaudi-0");
  EXPECT_NEAR(window.energies[0].joules.value(), 8 * 400, 8 * 400 * 0.003);
  EXPECT_NEAR(window.energies[1].joules.value(), 8 * 500, 8 * 500 * 0.003);
  EXPECT_EQ(window.gpu_memory_mb->avg, 2048);
  advance(0.2);
  const auto sample = poll(*collector);
  EXPECT_EQ(gauge(sample, Gauge::GpuUtilization), 70);
  EXPECT_EQ(gauge(sample, Gauge::Temperature), 45);
  EXPECT_NEAR(reading(sample, 0)->power_watts.value(), 400, 0.002);
  records::MachineInfo machine;
  collector->describe(machine);
  EXPECT_EQ(machine.gpu_name, "HL-225 x2");
  EXPECT_EQ(machine.gpu_vendor, "Intel");
  EXPECT_EQ(machine.gpu_backend, "HLML");
}

TEST_F(GaudiTest, M27_one_can_be_chosen_and_one_that_is_missing_is_an_error) {
  accelerator();
  accelerator();
  put();
  EXPECT_EQ(open("1")->domains().at(0).name, "gaudi-1");
  EXPECT_THROW(open("4"), Error);
}

TEST_F(GaudiTest, without_a_counter_power_is_integrated) {
  accelerator().refused = sim::kNoEnergy;
  put();
  const auto collector = open();
  EXPECT_EQ(collector->domains().at(0).method, Method::Integrated);
  History history(collector->domains());
  run(*collector, 10, [&](const Sample& s) { history.feed(s); });
  const auto energy =
      history.window(Instant(std::chrono::seconds(11)), Instant(std::chrono::seconds(19))).energies[0];
  EXPECT_NEAR(energy.joules.value(), 8 * 400, 5);
}

TEST_F(GaudiTest, F4_a_lost_accelerator_is_back_within_two_seconds_and_the_other_goes_on) {
  auto& lost = accelerator();
  accelerator();
  put();
  const auto collector = open();
  const auto now = clock_.now().time_since_epoch().count();
  lost.fault[0] = {sim::Fault::Error, now, now + 5 * kSecond, 15};
  run(*collector, 5, [&](const Sample& s) {
    EXPECT_THAT(silence(s, 0), HasSubstr("lost"));
    EXPECT_TRUE(reading(s, 1));
  });
  double seconds = 0;
  while (seconds < 10 && !reading(poll(*collector), 0)) advance(0.05), seconds += 0.05;
  EXPECT_LE(seconds, 2);
  EXPECT_EQ(world().stale_handles.load(), 0U);
}

TEST_F(GaudiTest, F2_each_missing_symbol_costs_its_own_metric_alone) {
  accelerator();
  for (const char* symbol : {"hlml_device_get_name", "hlml_device_get_uuid", "hlml_device_get_power_usage",
                             "hlml_device_get_total_energy_consumption", "hlml_device_get_temperature",
                             "hlml_device_get_utilization_rates", "hlml_device_get_memory_info"}) {
    install("libhlml.so", symbol);
    EXPECT_TRUE(reading(poll(*open()), 0)) << symbol;
  }
}

TEST_F(GaudiTest, F15_nonsense_is_no_value) {
  auto& device = accelerator();
  put();
  const auto collector = open();
  device.fault[0] = {sim::Fault::Garbage, 0, INT64_MAX, 0};
  const auto sample = poll(*collector);
  EXPECT_TRUE(sample.readings.empty());
  EXPECT_EQ(sample.silent.at(0).cause, Cause::Nonsense);
}

TEST_F(GaudiTest, doctor_names_cause_and_remedy) {
  EXPECT_TRUE(diagnose_gaudi(root()).empty()) << "no trace of one";
  write("sys/module/habanalabs/initstate", "live\n");
  EXPECT_THAT(first().detail, HasSubstr("libhlml.so"));
  EXPECT_THAT(first().remedy, HasSubstr("install"));
  install("libnvidia-ml.so.1");
  std::filesystem::rename(root_ / "usr/lib/libnvidia-ml.so.1", root_ / "usr/lib/libhlml.so");
  EXPECT_THAT(first().detail, HasSubstr("no hlml_init"));
  std::filesystem::remove(root_ / "usr/lib/libhlml.so");
  put();
  EXPECT_THAT(first().detail, HasSubstr("lists no Gaudi"));
  auto& device = accelerator();
  EXPECT_TRUE(first().present);
  EXPECT_THAT(first().detail, HasSubstr("energy counter"));
  device.refused = sim::kNoEnergy;
  EXPECT_THAT(first().detail, HasSubstr("power is integrated"));
  device.refused = sim::kNoEnergy | sim::kNoPower;
  EXPECT_FALSE(first().present);
  EXPECT_THAT(first().detail, HasSubstr("not supported"));
  device.fault[0] = {sim::Fault::Driver, 0, INT64_MAX, 9};
  EXPECT_THAT(first().remedy, HasSubstr("modprobe habanalabs"));
}

}  // namespace
}  // namespace ipw::telemetry
