// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/driver.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/sim/faults.h"
#include "ipw/telemetry/collector.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/gpu_metrics.h"
#include "temporary_root.h"

namespace ipw::sim {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class DrivenMachine : public testing::Test {
 protected:
  const World& world() const { return **machine_.world; }
  const Device& device(std::string_view name) const { return world().device[machine_.find(name).value()]; }
  std::string text(const std::string& file) const {
    return std::string(trim(read_file(machine_.root / file)));
  }

  TemporaryRoot root_;
  VirtualClock clock_;
  Machine machine_ = make_machine({.root = root_.path(), .epoch_ns = 0});
  Driver driver_{machine_, clock_};
};

TEST_F(DrivenMachine, the_counter_in_the_file_is_the_truth_of_the_instant_of_the_write) {
  for (const std::int64_t at : {kSecond, 3 * kSecond + 123'456'789, 5000 * kSecond}) {
    driver_.write_all(at);
    for (const char* name : {"package-0", "package-1"}) {
      const Device& d = device(name);
      const double truth = std::fmod(d.start_joules + true_joules(world(), d, at), d.wrap_joules);
      const auto shown = parse_int(text(fmt::format("sys/class/powercap/intel-rapl:{}/energy_uj", name[8])));
      EXPECT_NEAR(static_cast<double>(shown.value()) * 1e-6, truth, d.step_joules + 1e-6)
          << name << " at " << at;
    }
  }
}

TEST_F(DrivenMachine, rapl_collector_finds_two_sockets_with_their_dram) {
  driver_.write_all(2 * kSecond);
  const auto rapl = telemetry::make_rapl({.root = machine_.root.string()});
  std::vector<std::string> names;
  for (const auto& domain : rapl->domains()) names.push_back(domain.name);
  EXPECT_EQ(names, (std::vector<std::string>{"package-0", "package-0/dram", "package-1", "package-1/dram"}));
  EXPECT_NEAR(rapl->domains()[0].wrap_joules.value(), device("package-0").wrap_joules, 1e-3);
  telemetry::Sample sample;
  rapl->poll(clock_, sample);
  EXPECT_EQ(sample.readings.size(), 4U);
  EXPECT_TRUE(sample.silent.empty());
}

TEST_F(DrivenMachine, a_value_that_wraps_to_fewer_digits_leaves_no_digit_behind) {
  Device& d = (*machine_.world)->device[machine_.find("package-0").value()];
  d.start_joules = d.wrap_joules - 10;
  driver_.write_all(0);
  driver_.write_all(kSecond);  // 45 J later: 35 J after the wrap
  EXPECT_EQ(text("sys/class/powercap/intel-rapl:0/energy_uj").size(), 8U);
}

TEST_F(DrivenMachine, metrics_of_the_amd_card_are_the_truth_of_the_write) {
  driver_.write_all(4 * kSecond);
  const auto table =
      telemetry::parse_gpu_metrics(read_file(machine_.root / "sys/class/drm/card0/device/gpu_metrics"));
  const Device& d = device("amd-0");
  EXPECT_NEAR(table->energy_joules.value(), d.start_joules + 4 * d.piece[0].watts, 1e-4);
}

TEST_F(DrivenMachine, a_vanished_counter_has_no_file_until_it_is_back) {
  add_fault(machine_, "package-0:vanished:10s:5s");
  const auto file = machine_.root / "sys/class/powercap/intel-rapl:0/energy_uj";
  std::ifstream kept(file);  // as a collector keeps it
  driver_.write_all(11 * kSecond);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(kept.peek(), std::ifstream::traits_type::eof());
  kept.clear();
  driver_.write_all(16 * kSecond);
  EXPECT_TRUE(std::filesystem::exists(file));
  std::string value;
  EXPECT_TRUE(std::getline(kept.seekg(0), value) && parse_int(value)) << value;
}

TEST_F(DrivenMachine, facts_of_the_host_are_there) {
  EXPECT_EQ(text("proc/sys/kernel/hostname"), "ipw-sim");
  EXPECT_TRUE(text("proc/stat").starts_with("cpu  "));
  EXPECT_NE(text("proc/meminfo").find("MemAvailable"), std::string::npos);
  EXPECT_EQ(text("sys/class/drm/card0/device/vendor"), "0x1002");
}

}  // namespace
}  // namespace ipw::sim
