// SPDX-License-Identifier: Apache-2.0
// The Window call against the true energy of a source that is known exactly.
#include <cmath>
#include <random>

#include "ipw/base/error.h"
#include "loopback.h"
#include "support/goal.h"

namespace ipw::rpc {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr double kMean = 60, kSwing = 40, kCycle = 600;

/// Joules since zero of a power that swings about its mean.
double true_joules(Instant t) {
  const double s = to_seconds(t.time_since_epoch());
  const double phase = 2 * 3.14159265358979323846 / kCycle;
  return kMean * s + kSwing / phase * (1 - std::cos(phase * s));
}

class WindowCall : public Loopback {
 protected:
  /// A reading every second until `end`.
  void live(Instant end) {
    for (; now_ <= end; now_ += seconds(1)) source_.emit(now_, {true_joules(now_), true_joules(now_) / 2});
    clock_.sleep_until(now_);
  }
  static ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::Internal;
  }
  Instant now_ = Instant(seconds(1));
};

TEST_F(WindowCall, P4_any_window_of_the_last_day_holds_the_truth) {
  live(Instant(hours(26)));
  const Running monitor(source_, clock_, options_);
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> begin(2.01, 24.9), length(std::log(5), std::log(3600));
  int inside = 0, complete = 0;
  double worst = 0;
  constexpr int kWindows = 100;
  for (int i = 0; i < kWindows; ++i) {
    const Instant a = Instant(from_seconds(begin(random) * 3600));
    const Instant b = a + from_seconds(std::exp(length(random)));
    const auto answer = window({monitor.address()}, clock_, a, b, {"gpu-0"});
    ASSERT_EQ(answer.energies.size(), 1U);
    const auto& [energy, gap, verdict] = answer.energies[0];
    if (!energy.joules || !answer.settled) continue;
    ++complete;
    const double truth = true_joules(b) - true_joules(a);
    inside += std::abs(*energy.joules - truth) <= energy.half_width_joules ? 1 : 0;
    worst = std::max(worst, std::abs(*energy.joules - truth) / truth);
  }
  const bool met = complete == kWindows && inside >= 0.93 * kWindows;
  report_goal("P4", met,
              fmt::format("{} of {} windows of the last 24 h hold the truth, worst error {:.2f} %", inside,
                          kWindows, 100 * worst));
  EXPECT_TRUE(met);
}

TEST_F(WindowCall, P4_a_gap_is_told_in_seconds_and_lowers_the_coverage) {
  // A power sensor that says nothing between 300 and 400 s.
  for (int second = 1; second <= 1000; ++second) {
    telemetry::Sample sample;
    sample.tick = Instant(seconds(second));
    sample.readings.push_back({0, sample.tick, {}, true_joules(sample.tick), std::nullopt});
    if (second <= 300 || second >= 400) sample.readings.push_back({1, sample.tick, {}, std::nullopt, 20.0});
    source_.feed(sample);
  }
  clock_.sleep_until(Instant(seconds(1000)));
  const Running monitor(source_, clock_, options_);
  const auto answer = window({monitor.address()}, clock_, Instant(seconds(200)), Instant(seconds(500)));
  ASSERT_EQ(answer.energies.size(), 2U);
  EXPECT_EQ(answer.energies[0].gap_seconds, 0);
  EXPECT_EQ(answer.energies[0].energy.method, "counter");
  EXPECT_NE(answer.energies[0].energy.rule, "");
  EXPECT_NEAR(answer.energies[1].gap_seconds, 100, 1);
  EXPECT_NEAR(answer.energies[1].energy.coverage, 2.0 / 3, 0.01);
  EXPECT_EQ(answer.energies[1].energy.method, "integrated");
  EXPECT_NE(answer.energies[1].energy.reason, "");
}

TEST_F(WindowCall, P4_a_domain_without_any_value_is_invalid_and_says_why) {
  for (int i = 0; i < 20; ++i) emit(i);
  source_.emit(tick(20), {70.0, std::nullopt});
  source_.emit(tick(40), {80.0, std::nullopt});
  clock_.sleep_until(tick(41));
  const Running monitor(source_, clock_, options_);
  const auto answer = window({monitor.address()}, clock_, tick(22), tick(35), {"package-0"});
  ASSERT_EQ(answer.energies.size(), 1U);
  EXPECT_FALSE(answer.energies[0].energy.joules);
  EXPECT_NE(answer.energies[0].energy.reason.find("permission denied"), std::string::npos);
  EXPECT_EQ(answer.energies[0].verdict, telemetry::Validity::Invalid);
}

TEST_F(WindowCall, what_cannot_be_asked_is_refused) {
  live(Instant(hours(25)));
  const Running monitor(source_, clock_, options_);
  const Address address{monitor.address()};
  const Instant now = clock_.now();
  const auto refused = [&](Instant a, Instant b, const std::vector<std::string>& domains) {
    return code_of([&] { window(address, clock_, a, b, domains); });
  };
  EXPECT_EQ(refused(now - seconds(1), now - seconds(2), {}), ErrorCode::Usage);
  EXPECT_EQ(refused(now - hours(25), now - seconds(2), {}), ErrorCode::Usage);
  EXPECT_EQ(refused(now - seconds(1), now + seconds(60), {}), ErrorCode::Usage);
  EXPECT_EQ(refused(now - seconds(9), now - seconds(2), {"gpu-77"}), ErrorCode::Usage);
}

TEST_F(WindowCall, a_remote_doctor_sees_what_the_monitor_found) {
  telemetry::SensorStatus absent, present;
  absent.sensor = "RAPL package-0";
  absent.detail = "energy_uj: permission denied";
  absent.remedy = "chmod";
  present.sensor = "host memory";
  present.present = true;
  options_.sensors = {absent, present};
  const Running monitor(source_, clock_, options_);
  const auto found = sensors({monitor.address()});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].sensor, "RAPL package-0");
  EXPECT_FALSE(found[0].present);
  EXPECT_EQ(found[0].remedy, "chmod");
  EXPECT_TRUE(found[1].present);
}

}  // namespace
}  // namespace ipw::rpc
