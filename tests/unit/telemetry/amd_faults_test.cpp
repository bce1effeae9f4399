// SPDX-License-Identifier: Apache-2.0
// AMD GPUs: what goes wrong, how it is told, and that it passes.
#include "amd_machine.h"
#include "ipw/base/error.h"
#include "ipw/telemetry/collectors/amd.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

std::string why_unavailable(const std::function<void()>& open) {
  try {
    open();
    return "available";
  } catch (const Error& e) {
    return e.what();
  }
}

std::vector<SensorStatus> doctor(const std::string& root) {
  return diagnose_amd(root);
}

TEST_F(AmdMachine, F1_a_missing_library_is_named_and_sysfs_goes_on) {
  add_card(Kind::Mi300xVf, "0000:03:00.0", 200);
  const std::string reason = why_unavailable([&] { open("amd_smi"); });
  EXPECT_NE(reason.find("libamd_smi cannot be opened"), std::string::npos) << reason;
  EXPECT_NE(reason.find(root() + "/usr/lib/libamd_smi.so"), std::string::npos) << reason;
  const auto amd = open();
  const bool ok = step(*amd).readings.size() == 1;
  EXPECT_TRUE(ok);
  report_goal("F1", ok, "AMD: without libraries the power of sysfs is integrated; each attempt is named");
}

TEST_F(AmdMachine, F2_a_missing_symbol_costs_its_own_value_alone) {
  add_gpu("0000:03:00.0", 150);
  install("libamd_smi.so", "lacking/");
  const auto amd = open("amd_smi");
  const Sample sample = step(*amd);
  EXPECT_FALSE(gauge(sample, Gauge::GpuUtilization));
  EXPECT_TRUE(gauge(sample, Gauge::Temperature));
  const bool ok = sample.readings.size() == 1 && sample.readings[0].energy_joules > 0;
  EXPECT_TRUE(ok);
  report_goal("F2", ok, "AMD: without amdsmi_get_gpu_activity energy, power and temperature go on");
}

TEST_F(AmdMachine, F3_a_driver_that_appears_later_is_found) {
  sim::Device& gpu = add_gpu("0000:03:00.0", 150);
  gpu.fault[0] = {sim::Fault::Driver, 0, 4'000'000'000, 34};
  write(root_ / "dev/kfd", "");
  install("libamd_smi.so");
  const auto amd = open();
  EXPECT_TRUE(amd->domains().empty());
  bool found = false;
  for (int i = 0; i < 200 && !found; ++i) found = !step(*amd).readings.empty();
  const double waited = to_seconds(clock_.now().time_since_epoch()) - 4;
  report_goal("F3", found && waited < 6,
              fmt::format("AMD: read {:.1f} s after the driver had appeared", waited));
  EXPECT_TRUE(found);
}

TEST_F(AmdMachine, F4_a_lost_GPU_is_read_again_within_two_seconds_by_new_handles) {
  sim::Device& lost = add_gpu("0000:03:00.0", 150);
  add_gpu("0000:05:00.0", 250);
  install("libamd_smi.so");
  const auto amd = open("amd_smi");
  step(*amd);
  const std::int64_t from = now_ns() + 1'000'000'000, until = from + 3'000'000'000;
  lost.fault[0] = {sim::Fault::Vanished, from, until, 0};
  std::int64_t back = 0;
  std::string reason;
  std::uint64_t others_silent = 0;
  for (int i = 0; i < 140; ++i) {
    const Sample sample = step(*amd);
    for (const Silence& s : sample.silent) {
      others_silent += s.domain == 1;
      if (s.domain == 0) reason = s.reason;
      EXPECT_EQ(s.cause, Cause::Lost);
    }
    if (back == 0 && now_ns() >= until && sample.readings.size() == 2) back = now_ns();
  }
  EXPECT_NE(reason.find("0000:03:00.0"), std::string::npos) << reason;
  EXPECT_EQ(others_silent, 0U);
  EXPECT_EQ(world().stale_handles, 0U);
  const double seconds_back = static_cast<double>(back - until) * 1e-9;
  const bool ok = back != 0 && seconds_back <= 2 && world().stale_handles == 0 && others_silent == 0;
  report_goal(
      "F4", ok,
      fmt::format("AMD library: read again {:.2f} s after its return, no old handle used", seconds_back));
  EXPECT_TRUE(ok);
}

TEST_F(AmdMachine, F4_a_card_that_comes_back_under_another_number_is_the_same_domain) {
  add_card(Kind::Radeon, "0000:03:00.0", 150);
  const auto amd = open();
  step(*amd);
  std::filesystem::create_directories(root_ / "away");
  std::filesystem::rename(root_ / "sys/class/drm/card0", root_ / "away/card0");
  driver_writes_ = false;
  Sample gone;
  for (int i = 0; i < 4 && gone.silent.empty(); ++i) gone = step(*amd);
  ASSERT_EQ(gone.silent.size(), 1U);
  EXPECT_EQ(gone.silent[0].cause, Cause::Lost) << gone.silent[0].reason;
  for (int i = 0; i < 40; ++i) step(*amd);
  std::filesystem::rename(root_ / "away/card0", root_ / "sys/class/drm/card4");
  const Instant back = clock_.now();
  Sample sample;
  while (sample.readings.empty() && clock_.now() - back < seconds(10)) {
    sim::write_amd_card(root_, 4, Kind::Radeon, world(), *cards_[0].device, now_ns());
    sample = step(*amd);
  }
  const double waited = to_seconds(clock_.now() - back);
  EXPECT_EQ(amd->domains().size(), 1U);
  report_goal("F4", waited <= 2,
              fmt::format("AMD sysfs: read again {:.2f} s after its return as another card", waited));
  EXPECT_LE(waited, 2);
}

TEST_F(AmdMachine, F9_F11_errors_of_the_file_are_told_and_pass) {
  add_card(Kind::Radeon, "0000:03:00.0", 150);
  const auto amd = open();
  step(*amd);
  driver_writes_ = false;
  // A folder in its place cannot be read (EISDIR), as a device that answers EIO cannot.
  std::filesystem::rename(card(0) / "gpu_metrics", root_ / "kept");
  std::filesystem::create_directory(card(0) / "gpu_metrics");
  std::filesystem::remove(card(0) / "hwmon/hwmon3/power1_average");
  const auto fresh = open("sysfs");
  const Sample broken = step(*fresh);
  ASSERT_EQ(broken.silent.size(), 1U);
  EXPECT_EQ(broken.silent[0].cause, Cause::Unreadable);
  EXPECT_NE(broken.silent[0].reason.find("gpu_metrics: Is a directory (errno"), std::string::npos);
  std::filesystem::remove(card(0) / "gpu_metrics");
  const Sample vanished = step(*fresh);
  EXPECT_EQ(vanished.silent.at(0).cause, Cause::Lost);
}

TEST_F(AmdMachine, F12_odd_content_is_no_value) {
  add_card(Kind::Radeon, "0000:03:00.0", 150, "AMD Simulated", sim::kNoEnergy | sim::kNoPower);
  driver_writes_ = false;
  const auto power = card(0) / "hwmon/hwmon3/power1_average";
  write(power, "150000000\n");
  const auto amd = open("sysfs");
  EXPECT_EQ(step(*amd).readings.size(), 1U);
  int refused = 0;
  const std::vector<std::string> odd = {
      "", "abc\n", std::string("\0\0", 2), "-5\n", "0\n", "1e400\n", "123456789012345678901234567890\n"};
  for (const std::string& text : odd) {
    write(power, text);
    const Sample sample = step(*amd);
    refused += sample.readings.empty() && sample.silent.size() == 1;
    EXPECT_TRUE(sample.readings.empty()) << text;
  }
  write(power, "150000000\r\n");
  EXPECT_EQ(step(*amd).readings.at(0).power_watts, 150);
  report_goal("F12", refused == static_cast<int>(odd.size()),
              fmt::format("AMD: {} of {} odd contents refused, CRLF read", refused, odd.size()));
}

TEST_F(AmdMachine, F13_a_counter_that_stands_still_under_load_is_stuck) {
  sim::Device& gpu = add_gpu("0000:03:00.0", 150);
  install("libamd_smi.so");
  const auto amd = open("amd_smi");
  step(*amd);
  const std::int64_t from = now_ns() + 1'000'000'000, until = from + 6'000'000'000;
  gpu.fault[0] = {sim::Fault::Frozen, from, until, 0};
  double told_after = -1;
  for (int i = 0; i < 160; ++i) {
    const Sample sample = step(*amd);
    if (told_after < 0 && !sample.silent.empty()) {
      EXPECT_EQ(sample.silent[0].cause, Cause::Stuck);
      told_after = static_cast<double>(now_ns() - from) * 1e-9;
    }
  }
  EXPECT_EQ(step(*amd).readings.size(), 1U) << "it moves again";
  const bool ok = told_after > 0 && told_after < 3;
  report_goal("F13", ok,
              fmt::format("AMD: a frozen counter is called stuck after {:.2f} s at 150 W", told_after));
  EXPECT_TRUE(ok);
}

TEST_F(AmdMachine, F14_a_counter_that_steps_back_by_one_takes_nothing_away) {
  sim::Device& gpu = add_gpu("0000:03:00.0", 150);
  gpu.step_joules = 0x1p-16;
  install("libamd_smi.so");
  const auto amd = open("amd_smi");
  // Half a second in which it shows a tenth of a joule less.
  gpu.fault[0] = {sim::Fault::Backwards, 3'000'000'000, 3'040'000'000, 65536.0 * 20};
  const double joules = measure(*amd, 0, seconds(6));
  EXPECT_NEAR(joules, 150 * 5.95, 0.1);
  EXPECT_LE(faults_.glitches, 1U);
  report_goal("F14", std::abs(joules - 150 * 5.95) < 0.1,
              fmt::format("AMD: {:.2f} J of {:.2f} J across a step back, none negative", joules, 150 * 5.95));
}

TEST_F(AmdMachine, F15_what_the_vendor_marks_as_absent_is_absent) {
  sim::Device& gpu = add_card(Kind::Radeon, "0000:03:00.0", 150);
  install("libamd_smi.so");
  const auto sysfs = open("sysfs");
  const auto library = open("amd_smi");
  int silent = 0, cases = 0;
  for (const double shown : {std::nan(""), -1.0, 0.0, 1e300}) {
    gpu.fault[0] = {sim::Fault::Garbage, 0, INT64_MAX, shown};
    for (Collector* collector : {sysfs.get(), library.get()}) {
      const Sample sample = step(*collector);
      ++cases;
      silent += sample.readings.empty() && sample.silent.size() == 1;
      EXPECT_TRUE(sample.readings.empty()) << shown;
    }
  }
  gpu.fault[0] = {};
  EXPECT_EQ(step(*sysfs).readings.size(), 1U);
  report_goal("F15", silent == cases,
              fmt::format("AMD: {} of {} marks of absence (all bits set, 0) are no value", silent, cases));
}

struct Finding {
  const char* detail;
  const char* remedy;
};

void expect_finding(const std::vector<SensorStatus>& found, const Finding& wanted) {
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].detail.find(wanted.detail), std::string::npos) << found[0].detail;
  EXPECT_NE(found[0].remedy.find(wanted.remedy), std::string::npos) << found[0].remedy;
}

TEST_F(AmdMachine, P6_the_doctor_tells_a_driver_that_is_not_loaded) {
  EXPECT_TRUE(doctor(root()).empty()) << "nothing of AMD, nothing to say";
  write(root_ / "sys/bus/pci/devices/0000:03:00.0/vendor", "0x1002\n");
  write(root_ / "sys/bus/pci/devices/0000:03:00.0/class", "0x038000\n");
  expect_finding(doctor(root()), {"the amdgpu driver is not loaded", "modprobe amdgpu"});
}

TEST_F(AmdMachine, P6_the_doctor_tells_cards_that_a_container_hides) {
  write(root_ / "dev/kfd", "");
  expect_finding(doctor(root()), {"shows no card", "/dev/dri"});
}

TEST_F(AmdMachine, P6_the_doctor_tells_a_counter_and_a_card_asleep) {
  add_card(Kind::Radeon, "0000:03:00.0", 150);
  expect_finding(doctor(root()), {"energy_accumulator of gpu_metrics 1.3", ""});
  EXPECT_TRUE(doctor(root())[0].present);
  write(card(0) / "power/runtime_status", "suspended\n");
  expect_finding(doctor(root()), {"suspended", "echo on"});
}

TEST_F(AmdMachine, P6_the_doctor_tells_why_no_library_counts_either) {
  sim::Device& gpu = add_card(Kind::Mi300xVf, "0000:03:00.0", 150);
  expect_finding(doctor(root()), {"libamd_smi cannot be opened", "install amd-smi-lib"});
  gpu.refused = sim::kNoEnergy;
  install("libamd_smi.so");
  expect_finding(doctor(root()), {"not supported by this board or virtual machine", "virtual function"});
  world().amd_smi_major = 31;
  expect_finding(doctor(root()), {"major version 31", "install"});
  world().amd_smi_major = 26;
  gpu.fault[0] = {sim::Fault::Driver, 0, INT64_MAX, 34};
  expect_finding(doctor(root()), {"the amdgpu driver is not loaded (code 34)", ""});
}

TEST_F(AmdMachine, P6_the_doctor_tells_an_unknown_table_and_the_other_die) {
  add_card(Kind::Mi250, "0000:03:00.0", 150, "AMD Simulated", sim::kShowsZero);
  expect_finding(doctor(root()), {"the second die of its board", ""});
  write(card(0) / "gpu_metrics", std::string("\x08\x00\x07\x02zzzz", 8));
  expect_finding(doctor(root()), {"version 7.2, which this build does not know", "newer ipw"});
}

TEST_F(AmdMachine, P6_the_doctor_tells_an_APU) {
  add_card(Kind::Apu, "0000:03:00.0", 15);
  expect_finding(doctor(root()), {"an APU: power of the whole SoC", "RAPL"});
}

}  // namespace
}  // namespace ipw::telemetry
