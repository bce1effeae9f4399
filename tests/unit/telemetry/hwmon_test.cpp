// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/hwmon_chips.h"
#include "unit/telemetry/tree.h"

namespace ipw::telemetry {
namespace {

struct Polled {
  std::map<std::string, Domain> domains;
  std::map<std::string, Reading> readings;
  std::map<std::string, Silence> silent;
};

Polled poll(Collector& collector) {
  VirtualClock clock;
  Sample sample;
  collector.poll(clock, sample);
  Polled out;
  for (const Domain& d : collector.domains()) out.domains[d.name] = d;
  for (const Reading& r : sample.readings) out.readings[collector.domains()[r.domain].name] = r;
  for (const Silence& s : sample.silent) out.silent[collector.domains()[s.domain].name] = s;
  return out;
}

Polled poll(const Tree& tree) {
  return poll(*make_hwmon({tree.root(), ""}));
}

TEST(Hwmon, rows_of_the_table_are_reachable) {
  const auto chips = hwmon_chips();
  for (std::size_t i = 0; i < chips.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_FALSE(chips[i].chip.starts_with(chips[j].chip) && chips[i].label.starts_with(chips[j].label))
          << chips[i].chip << " " << chips[i].label << " is hidden by " << chips[j].chip;
    }
  }
}

TEST(Hwmon, K6_a_jetson_with_an_input_sensor_is_measured_whole_and_its_rails_are_parts) {
  Tree tree("orin-nx");
  tree.hwmon(3, "ina3221",
             {{"in1_label", "VDD_IN"},
              {"in1_input", "19000"},
              {"curr1_input", "500"},
              {"in2_label", "VDD_CPU_GPU_CV"},
              {"in2_input", "19000"},
              {"curr2_input", "200"},
              {"in3_label", "NC"},
              {"in3_input", "5000"},
              {"curr3_input", "10"},
              {"in4_input", "1"},
              {"curr4_input", "700"},
              {"in7_label", "sum of shunt voltages"},
              {"update_interval", "40"}});
  const auto seen = poll(tree);
  ASSERT_EQ(seen.domains.size(), 2U);
  const Domain& total = seen.domains.at("jetson");
  EXPECT_EQ(total.scope, Scope::Module);
  EXPECT_DOUBLE_EQ(total.averaging_seconds, 0.04);
  EXPECT_DOUBLE_EQ(seen.readings.at("jetson").power_watts.value(), 9.5);
  EXPECT_EQ(seen.domains.at("ina3221/VDD_CPU_GPU_CV").parent, "jetson");
  EXPECT_EQ(seen.domains.at("ina3221/VDD_CPU_GPU_CV").scope, Scope::Host);
}

TEST(Hwmon, K6_a_jetson_without_an_input_sensor_is_the_sum_of_its_rails) {
  Tree tree("agx");
  tree.hwmon(0, "ina3221",
             {{"in1_label", "GPU"},
              {"in1_input", "19000"},
              {"curr1_input", "100"},
              {"in2_label", "CPU"},
              {"in2_input", "19000"},
              {"curr2_input", "-2"}});
  tree.hwmon(1, "ina3221", {{"in1_label", "VDDRQ"}, {"in1_input", "10000"}, {"curr1_input", "50"}});
  const auto collector = make_hwmon({tree.root(), ""});
  EXPECT_DOUBLE_EQ(poll(*collector).readings.at("jetson").power_watts.value(), 2.4);
  EXPECT_EQ(poll(*collector).domains.at("ina3221/GPU").parent, "jetson");
  tree.file("sys/class/hwmon/hwmon1/curr1_input", "");
  const auto broken = poll(*collector);
  EXPECT_FALSE(broken.readings.contains("jetson"));
  EXPECT_NE(broken.silent.at("jetson").reason.find("no sum"), std::string::npos);
}

TEST(Hwmon, K6_the_driver_of_older_jetsons_is_read) {
  Tree tree("tx2");
  const std::string folder = "sys/bus/i2c/drivers/ina3221x/0-0041/iio:device1/";
  tree.file(folder + "rail_name_0", "VDD_IN\n").file(folder + "in_power0_input", "5600\n");
  tree.file(folder + "rail_name_1", "VDD_GPU\n").file(folder + "in_power1_input", "1200\n");
  const auto seen = poll(tree);
  EXPECT_DOUBLE_EQ(seen.readings.at("jetson").power_watts.value(), 5.6);
  EXPECT_EQ(seen.domains.at("ina3221/VDD_GPU").parent, "jetson");
}

TEST(Hwmon, a_grace_module_contains_its_cpu_and_tells_its_window) {
  Tree tree("grace");
  const char* labels[] = {"Module Power Socket 0", "Grace Power Socket 0",  "CPU Power Socket 0",
                          "SysIO Power Socket 0",  "Module Power Socket 1", "Grace Power Socket 1"};
  for (int n = 0; n < 6; ++n) {
    tree.hwmon(n, "power_meter", {});
    const std::string device = fmt::format("sys/class/hwmon/hwmon{}/device/", n);
    tree.file(device + "power1_average", fmt::format("{}\n", (n + 1) * 10'000'000));
    tree.file(device + "power1_oem_info", std::string(labels[n]) + "\n");
    tree.file(device + "power1_average_interval", "50\n");
  }
  const auto seen = poll(tree);
  const auto& module = seen.domains.at("power_meter/Module_Power_Socket_0");
  EXPECT_EQ(module.scope, Scope::Module);
  EXPECT_DOUBLE_EQ(module.averaging_seconds, 0.05);
  EXPECT_EQ(seen.domains.at("power_meter/Grace_Power_Socket_0").scope, Scope::Package);
  EXPECT_EQ(seen.domains.at("power_meter/Grace_Power_Socket_0").parent, "power_meter/Module_Power_Socket_0");
  EXPECT_EQ(seen.domains.at("power_meter/Grace_Power_Socket_1").parent, "power_meter/Module_Power_Socket_1");
  EXPECT_EQ(seen.domains.at("power_meter/CPU_Power_Socket_0").parent, "power_meter/Grace_Power_Socket_0");
  EXPECT_DOUBLE_EQ(seen.readings.at("power_meter/SysIO_Power_Socket_0").power_watts.value(), 40);
}

TEST(Hwmon, an_acpi_meter_of_a_server_is_the_machine) {
  Tree tree("acpi");
  tree.hwmon(0, "power_meter", {{"power1_average", "231000000"}, {"power1_average_interval", "1000"}});
  EXPECT_EQ(poll(tree).domains.at("acpi-power").scope, Scope::Wall);
}

TEST(Hwmon, intel_gpus_count_energy_of_the_card_and_of_the_package) {
  Tree tree("xe");
  tree.hwmon(2, "xe",
             {{"energy1_label", "card"},
              {"energy1_input", "5000000"},
              {"energy2_label", "pkg"},
              {"energy2_input", "3000000"},
              {"power1_max", "190000000"}});
  tree.hwmon(4, "i915", {{"energy1_input", "123456789"}});
  const auto seen = poll(tree);
  EXPECT_EQ(seen.domains.at("intel-gpu").scope, Scope::Accelerator);
  EXPECT_EQ(seen.domains.at("intel-gpu").cap_watts, 380);
  EXPECT_EQ(seen.readings.at("intel-gpu").energy_joules, 5.0);
  EXPECT_EQ(seen.domains.at("intel-gpu/package").parent, "intel-gpu");
  EXPECT_EQ(seen.domains.at("intel-gpu/package").scope, Scope::Host);
  EXPECT_DOUBLE_EQ(seen.readings.at("intel-gpu-2").energy_joules.value(), 123.456789);
}

TEST(Hwmon, a_sleeping_device_is_not_woken) {
  Tree tree("asleep");
  tree.hwmon(0, "i915", {{"energy1_input", "5"}, {"device/power/.keep", ""}});
  tree.file("sys/class/hwmon/hwmon0/device/power/runtime_status", "suspended\n");
  const auto collector = make_hwmon({tree.root(), ""});
  EXPECT_NE(poll(*collector).silent.at("intel-gpu").reason.find("wake it"), std::string::npos);
  tree.file("sys/class/hwmon/hwmon0/device/power/runtime_status", "active\n");
  EXPECT_TRUE(poll(*collector).readings.contains("intel-gpu"));
}

TEST(Hwmon, chips_of_other_collectors_are_left_to_them) {
  Tree tree("amdgpu");
  tree.hwmon(0, "amdgpu", {{"power1_average", "95000000"}}).hwmon(1, "nvme", {{"temp1_input", "30000"}});
  EXPECT_THROW(make_hwmon({tree.root(), ""}), Error);
}

TEST(Hwmon, an_unknown_chip_is_shown_with_its_label_and_has_no_known_scope) {
  Tree tree("unknown");
  tree.hwmon(0, "mystery",
             {{"power1_input", "4000000"},
              {"power1_label", "vdd foo"},
              {"power2_input", "9"},
              {"energy7_input", "42000000"}});
  tree.hwmon(1, "mystery", {{"power1_input", "5000000"}, {"power1_label", "vdd foo"}});
  const auto collector = make_hwmon({tree.root(), ""});
  const auto seen = poll(*collector);
  EXPECT_EQ(seen.domains.size(), 4U);
  EXPECT_EQ(seen.domains.at("mystery/vdd_foo").scope, Scope::Host);
  EXPECT_EQ(seen.readings.at("mystery/vdd_foo-2").power_watts, 5.0);
  EXPECT_EQ(seen.readings.at("mystery/energy7").energy_joules, 42.0);
  for (const auto& [name, domain] : seen.domains) EXPECT_EQ(domain.scope, Scope::Host) << name;
}

TEST(Hwmon, a_socket_that_rapl_counts_is_only_an_alternative) {
  Tree tree("amd-energy");
  tree.hwmon(0, "amd_energy",
             {{"energy1_label", "Ecore000"},
              {"energy1_input", "1"},
              {"energy2_label", "Esocket0"},
              {"energy2_input", "7000000"}});
  EXPECT_EQ(poll(tree).domains.at("amd_energy/Esocket0").alternative_to, "");
  tree.zone("intel-rapl:0", "package-0", 7'000'000);
  EXPECT_EQ(poll(tree).domains.at("amd_energy/Esocket0").alternative_to, "package-0");
  EXPECT_EQ(poll(tree).domains.at("amd_energy/Ecore000").parent, "amd_energy/Esocket0");
}

TEST(Hwmon, the_value_of_the_moment_is_better_than_a_mean) {
  Tree tree("both");
  tree.hwmon(0, "p9_occ",
             {{"power1_label", "system"}, {"power1_input", "300000000"}, {"power1_average", "1"}});
  EXPECT_EQ(poll(tree).readings.at("p9_occ/system").power_watts, 300);
}

}  // namespace
}  // namespace ipw::telemetry
