// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/intake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "build.h"
#include "ipw/telemetry/sampler.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A machine whose time a test moves: monotonic, wall, and sleep.
class MachineClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall() const override { return WallTime(std::chrono::duration_cast<WallTime::duration>(wall_)); }
  Nanoseconds asleep() const override { return asleep_; }
  void sleep_until(Instant deadline) override { run(deadline - now_); }
  void run(Nanoseconds time) {
    now_ += time;
    wall_ += time;
    joules_ += 100 * to_seconds(time);
  }
  void suspend(Nanoseconds time) {
    asleep_ += time;
    wall_ += time;
    joules_ += 5 * to_seconds(time);
  }
  void set_wall(Nanoseconds by) { wall_ += by; }
  double joules() const { return joules_; }

 private:
  Instant now_{seconds(100)};
  Nanoseconds wall_{seconds(1'700'000'000)}, asleep_{0};
  double joules_ = 0;
};

class Counter100 final : public Collector {
 public:
  explicit Counter100(MachineClock& machine) : machine_(machine) {}
  const std::vector<Domain>& domains() const override { return domains_; }
  void poll(Clock& clock, Sample& sample) override {
    sample.readings.push_back({0, clock.now(), {}, machine_.joules(), {}});
  }

 private:
  MachineClock& machine_;
  std::vector<Domain> domains_{make_domain("package-0", Scope::Package, 300)};
};

/// One sampler on such a machine.
struct Rig {
  MachineClock clock;
  Intake intake{clock};
  std::shared_ptr<Sampler> sampler = std::make_shared<Sampler>(
      Sampler::Options{"files", 0, milliseconds(50)}, clock,
      SampleSink{[this](const Domain& d, std::uint32_t o) { return intake.add(d, o); },
                 [this](Sample& s) { intake.take(s); }});
  Instant due;
  Rig() : due(clock.now()) { sampler->add({"rapl", std::make_unique<Counter100>(clock), {}}); }
  void run(double seconds_more) {
    const Instant until = clock.now() + from_seconds(seconds_more);
    while (clock.now() < until) {
      due = sampler->tick(due);
      clock.sleep_until(due);
    }
  }
  records::DomainEnergy energy(double from, double to) {
    return intake.history()
        .window(Instant(seconds(100)) + from_seconds(from), Instant(seconds(100)) + from_seconds(to))
        .energies.at(0);
  }
};

TEST(Intake, F16_M17_jumps_of_the_wall_clock_change_no_energy) {
  Rig quiet, jumping;
  for (int n = 0; n < 5; ++n) {
    quiet.run(2);
    jumping.run(2);
    jumping.clock.set_wall(n % 2 == 0 ? std::chrono::hours(1) : std::chrono::hours(-1));
  }
  const auto a = quiet.energy(0.5, 9), b = jumping.energy(0.5, 9);
  const bool met = a.joules && a.joules == b.joules && b.coverage == 1;
  report_goal("F16", met, "jumps of +-1 h leave the energies bit for bit what they are");
  EXPECT_TRUE(met);
}

TEST(Intake, F17_a_stop_of_five_seconds_is_one_gap_and_the_counter_is_right_across_it) {
  Rig rig;
  rig.run(3);
  rig.clock.run(seconds(5));  // SIGSTOP: the machine goes on, the process does not
  rig.run(3);
  const auto energy = rig.energy(1, 10);
  ASSERT_TRUE(energy.joules);
  EXPECT_NEAR(*energy.joules, 900, 0.5);
  const ThreadReport report = rig.sampler->report();
  EXPECT_EQ(report.pauses, 1U);
  EXPECT_NEAR(to_seconds(report.longest_pause), 5, 0.1);
  EXPECT_EQ(report.missed, 99U);
  report_goal("F17", report.pauses == 1 && std::abs(*energy.joules - 900) < 0.5,
              fmt::format("a stop of 5 s: one gap of {:.2f} s, {:.2f} J of 900 J across it",
                          to_seconds(report.longest_pause), *energy.joules));
}

TEST(Intake, F18_a_sleep_of_the_machine_is_told_and_lowers_the_coverage_of_its_window) {
  Rig rig;
  rig.run(3);
  rig.clock.suspend(std::chrono::minutes(10));
  rig.run(3);
  const auto across = rig.energy(1, 5), after = rig.energy(3.5, 5);
  EXPECT_LT(across.coverage, 1);
  EXPECT_NE(across.reason.find("slept for 600.0 s"), std::string::npos);
  EXPECT_EQ(after.coverage, 1);
  ASSERT_TRUE(after.joules);
  EXPECT_NEAR(*after.joules, 150, 1);
  const auto problems = rig.intake.problems();
  const bool told = std::ranges::any_of(
      problems, [](const auto& p) { return p.find("slept 1 time") != std::string::npos; });
  EXPECT_TRUE(told);
  report_goal("F18", told && across.coverage < 1,
              "a sleep of 10 min is told, its window has the reason and less coverage");
}

}  // namespace
}  // namespace ipw::telemetry
