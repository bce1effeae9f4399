// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/helper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "build.h"
#include "ipw/base/error.h"
#include "ipw/telemetry/helper_frames.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class Helper : public testing::Test {
 protected:
  Helper() : root_(fs::temp_directory_path() / ("ipw-helper-" + std::to_string(::getpid()))) {
    fs::create_directories(root_);
  }
  ~Helper() override { fs::remove_all(root_); }
  std::unique_ptr<Collector> make(const std::string& argument = "") {
    return make_isolated({IPW_BINARY_DIR "/bin/test_helper_program"}, "frail", {root_.string(), argument});
  }
  void say(const char* what) { std::ofstream(root_ / what) << '\n'; }
  Sample poll(Collector& collector) {
    clock_.advance(milliseconds(50));
    Sample sample;
    collector.poll(clock_, sample);
    return sample;
  }
  /// Poll until there is a reading; the child needs a moment to start.
  Sample poll_until_read(Collector& collector) {
    Sample sample = poll(collector);
    for (int n = 0; n < 200 && sample.readings.empty(); ++n) sample = poll(collector);
    return sample;
  }
  fs::path root_;
  VirtualClock clock_;
};

TEST_F(Helper, brings_what_the_collector_reads) {
  const auto collector = make();
  ASSERT_EQ(collector->domains().size(), 1U);
  EXPECT_EQ(collector->domains()[0].name, "gpu-0");
  const Sample sample = poll_until_read(*collector);
  ASSERT_EQ(sample.readings.size(), 1U);
  EXPECT_EQ(sample.readings[0].energy_joules, 0.1);
  EXPECT_EQ(sample.readings[0].half_width, Nanoseconds(7));
  ASSERT_EQ(sample.gauges.size(), 1U);
  EXPECT_EQ(sample.gauges[0].value, 41.5);
  EXPECT_GT(collector->cpu_seconds_elsewhere(), 0);
}

TEST_F(Helper, tells_what_the_collector_knows_of_the_machine) {
  records::MachineInfo machine, other;
  make()->describe(machine);
  EXPECT_EQ(machine.gpu_name, "Frail GPU");
  other.gpu_name = "NVIDIA H100 x8";
  make()->describe(other);
  EXPECT_EQ(other.gpu_name, "NVIDIA H100 x8");
}

TEST_F(Helper, a_device_that_appears_is_appended) {
  const auto collector = make();
  poll_until_read(*collector);
  say("second");
  EXPECT_EQ(poll_until_read(*collector).readings.size(), 2U);
  EXPECT_EQ(collector->domains().size(), 2U);
}

TEST_F(Helper, F8_a_crash_is_a_gap_and_the_collector_is_back_within_a_second) {
  const auto collector = make();
  poll_until_read(*collector);
  say("crash");
  const auto begin = std::chrono::steady_clock::now();
  Sample lost = poll(*collector);
  // A process that leaves a core or a report takes its time to die: it is stale until then.
  for (int n = 0; n < 200 && (lost.silent.empty() || lost.silent[0].cause == Cause::Stale); ++n)
    lost = poll(*collector);
  ASSERT_EQ(lost.silent.size(), 1U);
  EXPECT_EQ(lost.silent[0].cause, Cause::Lost);
  EXPECT_NE(lost.silent[0].reason.find("its helper process"), std::string::npos);
  const Instant virtual_begin = clock_.now();
  const Sample back = poll_until_read(*collector);
  const std::chrono::duration<double> real = std::chrono::steady_clock::now() - begin;
  // The pause before the new child passes on the virtual clock, its start on the real one.
  const double seconds = real.count() + to_seconds(clock_.now() - virtual_begin);
  EXPECT_EQ(back.readings.size(), 1U);
  EXPECT_EQ(back.readings.at(0).domain, 0U);
#ifdef __SANITIZE_THREAD__
  constexpr double kLimit = 10;  // its report of the crash alone takes a second
#else
  constexpr double kLimit = 1;
#endif
  const bool met = !back.readings.empty() && seconds <= kLimit;
  report_goal("F8", met,
              fmt::format("SIGSEGV in the helper: lost and told, readings again after {:.2f} s", seconds));
  EXPECT_TRUE(met) << seconds;
}

TEST_F(Helper, a_crash_again_and_again_is_retried_more_and_more_slowly) {
  const auto collector = make();
  int lost = 0;
  for (int n = 0; n < 3; ++n) {
    poll_until_read(*collector);
    say("crash");
    const Sample sample = poll(*collector);
    lost += static_cast<int>(sample.silent.size());
  }
  EXPECT_EQ(lost, 3);
  const Instant begin = clock_.now();
  poll_until_read(*collector);
  EXPECT_GE(clock_.now() - begin, milliseconds(700));
}

TEST_F(Helper, a_helper_that_hangs_is_stale_then_killed_and_started_again) {
  const auto collector = make();
  poll_until_read(*collector);
  say("hang");
  const Sample stale = poll(*collector);
  ASSERT_EQ(stale.silent.size(), 1U);
  EXPECT_EQ(stale.silent[0].cause, Cause::Stale);
  clock_.advance(std::chrono::seconds(11));
  poll(*collector);
  fs::remove(root_ / "hang");
  EXPECT_EQ(poll_until_read(*collector).readings.size(), 1U);
}

TEST_F(Helper, nonsense_of_a_helper_is_a_reason_and_a_new_helper) {
  const auto collector = make();
  poll_until_read(*collector);
  say("nonsense");
  const Sample sample = poll(*collector);
  ASSERT_EQ(sample.silent.size(), 1U);
  EXPECT_NE(sample.silent[0].reason.find("no frame"), std::string::npos);
  EXPECT_EQ(poll_until_read(*collector).readings.size(), 1U);
}

TEST_F(Helper, says_why_its_collector_cannot_be_made) {
  try {
    make("absent");
    FAIL() << "it was made";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unavailable);
    EXPECT_STREQ(e.what(), "no frail device on this machine");
  }
  EXPECT_THROW(make_isolated({"/nonexistent"}, "frail", {}), Error);
}

TEST(HelperFrames, options_machine_and_errors_survive_the_way) {
  const CollectorOptions options{"/a \"root\"", "0,1", "GPU-5,\xc3\xa4", true, true};
  const CollectorOptions back = decode_options(encode_options(options));
  EXPECT_EQ(back.root, options.root);
  EXPECT_EQ(back.argument, options.argument);
  EXPECT_EQ(back.visible_devices, options.visible_devices);
  EXPECT_TRUE(back.alternatives && back.named);
  EXPECT_EQ(decode_options(encode_options({})).visible_devices, std::nullopt);
  EXPECT_THROW(decode_options("{}"), Error);

  records::MachineInfo machine;
  machine.gpu_name = "NVIDIA H100 x8";
  machine.gpu_count = 8;
  const records::MachineInfo told = decode_machine(encode_machine(machine));
  EXPECT_EQ(told.gpu_name, machine.gpu_name);
  EXPECT_EQ(told.gpu_count, 8);
  EXPECT_EQ(told.gpu_driver, std::nullopt);
  EXPECT_THROW(decode_machine("x"), Error);

  const Error error = decode_error(encode_error({ErrorCode::Usage, "no GPU 9", "there are 0 to 7"}));
  EXPECT_EQ(error.code(), ErrorCode::Usage);
  EXPECT_STREQ(error.what(), "no GPU 9");
  EXPECT_EQ(error.hint(), "there are 0 to 7");
  EXPECT_EQ(decode_error("").code(), ErrorCode::Internal);
}

TEST(HelperFrames, a_sample_survives_the_way_bit_for_bit) {
  Sample sample;
  sample.readings = {{3, at(1.5), Nanoseconds(9), 0.1, {}}, {4, at(2), Nanoseconds(0), {}, 77.7}};
  sample.gauges = {{Gauge::Throttle, at(1), 5, GaugeReading::kMachine}};
  sample.silent = {{1, "gone", Cause::Lost}};
  double cpu = 0;
  const std::string text = encode_sample(sample, 0.25);
  const Sample back = decode_sample(text, cpu);
  EXPECT_EQ(cpu, 0.25);
  EXPECT_EQ(encode_sample(back, cpu), text);
  EXPECT_EQ(back.silent, sample.silent);
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_THROW(decode_sample(text.substr(0, n), cpu), Error);
}

}  // namespace
}  // namespace ipw::telemetry
