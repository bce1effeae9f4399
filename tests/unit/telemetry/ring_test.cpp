// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "build.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

/// Points as a counter brings them that is read every 50 ms: late by up to 0.2 ms, with noisy power.
class Load {
 public:
  explicit Load(unsigned seed) : random_(seed) {}
  Point next() {
    const double step = 0.05 + late_(random_);
    seconds_ += step;
    joules_ += std::round((200 + 100 * noise_(random_)) * step * 1e6) * 1e-6;
    return {at(seconds_), joules_, static_cast<float>(step + 5e-6),
            static_cast<float>(4e-6 + 2e-6 * late_(random_))};
  }

 private:
  std::mt19937 random_;
  std::uniform_real_distribution<double> late_{-2e-4, 2e-4}, noise_{-1, 1};
  double seconds_ = 0, joules_ = 12345.678;
};

TEST(PointRing, P5_an_hour_of_sixteen_domains_at_50_ms_takes_16_MB_and_loses_no_energy) {
  std::size_t bytes = 0;
  bool same = true;
  std::size_t least = SIZE_MAX;
  for (unsigned domain = 0; domain < 16; ++domain) {
    PointRing ring;
    std::vector<Point> all;
    for (Load load(domain); all.empty() || all.back().at < at(3600);) {
      all.push_back(load.next());
      ring.push(all.back());
    }
    bytes += ring.bytes();
    least = std::min(least, ring.size());
    for (std::size_t i = 0; i < all.size(); ++i)
      same = same && ring[i].joules == all[i].joules && ring[i].at == all[i].at;
  }
  const bool met = same && bytes <= 16'000'000 && least >= 71'900;
  report_goal("P5", met,
              fmt::format("{:.1f} MB for an hour at 50 ms of 16 domains, every point bit for bit",
                          static_cast<double>(bytes) / 1e6));
  EXPECT_TRUE(met) << bytes << " bytes, " << least << " points, same: " << same;
}

TEST(PointRing, M5_an_hour_is_kept_in_full_at_whatever_rate_readings_come) {
  for (const double step : {0.005, 0.05, 0.2, 1.0}) {
    PointRing ring;
    std::vector<Point> all;
    for (double seconds = 0; seconds < 2 * 3600; seconds += step) {
      all.push_back({at(seconds), 100 * seconds, static_cast<float>(step), 0});
      ring.push(all.back());
    }
    const auto hour = static_cast<std::size_t>(3600 / step);
    ASSERT_GE(ring.size(), hour) << step;
    for (std::size_t i = 1; i <= hour; ++i)
      ASSERT_EQ(ring[ring.size() - i].at, all[all.size() - i].at) << step << " s, the last but " << i;
  }
}

TEST(PointRing, any_points_come_back_as_they_were) {
  std::mt19937 random(7);
  const auto any = [&](double scale) {
    return scale * std::exp2(std::uniform_real_distribution<double>(-30, 30)(random));
  };
  PointRing ring;
  std::vector<Point> all;
  std::int64_t ns = 0;
  for (int i = 0; i < 1000; ++i) {
    ns += 1 + static_cast<std::int64_t>(any(1));
    Point p{.at = Instant(Nanoseconds(ns)),
            .joules = any(1),
            .before = static_cast<float>(any(1e-6)),
            .spread = static_cast<float>(any(1e-6)),
            .watts = static_cast<float>(any(1)),
            .gap = i % 9 == 0};
    if (i % 50 == 0) p.joules = 0;
    ring.push(p);
    all.push_back(p);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(ring[i].at, all[i].at);
    EXPECT_EQ(ring[i].joules, all[i].joules);
    EXPECT_EQ(ring[i].watts, all[i].watts);
    EXPECT_EQ(ring[i].gap, all[i].gap);
    EXPECT_GE(static_cast<double>(ring[i].before) * (1 + 1e-6), static_cast<double>(all[i].before));
    EXPECT_NEAR(static_cast<double>(ring[i].spread), static_cast<double>(all[i].spread),
                static_cast<double>(all[i].spread) * 1e-6 + 1.001e-6);
    EXPECT_LE(static_cast<double>(ring[i].before),
              static_cast<double>(all[i].before) * (1 + 1e-6) + 1.001e-6);
  }
}

TEST(PointRing, finds_an_instant_as_a_plain_list_does) {
  PointRing ring;
  std::vector<Instant> all;
  for (Load load(3); all.size() < 1000;) {
    const Point p = load.next();
    ring.push(p);
    all.push_back(p.at);
  }
  for (double t = 0; t < 52; t += 0.013) {
    const auto expected = std::ranges::upper_bound(all, at(t)) - all.begin();
    EXPECT_EQ(ring.count_until(at(t)), static_cast<std::size_t>(expected)) << t;
  }
}

TEST(PointRing, older_than_an_hour_is_thinned_to_a_second_and_keeps_both_ends_of_a_gap) {
  PointRing ring;
  Load load(1);
  Point gap{};
  for (int i = 0; i < 160'000; ++i) {
    Point p = load.next();
    p.gap = i == 1'010;
    if (p.gap) gap = p;
    ring.push(p);
  }
  const std::size_t at_gap = ring.count_until(gap.at) - 1;
  EXPECT_TRUE(ring[at_gap].gap);
  EXPECT_EQ(ring[at_gap].joules, gap.joules);
  EXPECT_LT(to_seconds(gap.at - ring[at_gap - 1].at), 0.06);
  EXPECT_LT(ring.size(), 72'000U + 6'000U);
}

}  // namespace
}  // namespace ipw::telemetry
