// SPDX-License-Identifier: Apache-2.0
// How wrong is a joule per query? The Monte Carlo of docs/guide/energy.md: a load like that of a language
// model, a counter that takes a new value every 100 ms, reads every 50 ms, truth by the exact integral.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "build.h"
#include "ipw/telemetry/window.h"

namespace ipw::telemetry {
namespace {

struct Query {
  double begin = 0, end = 0;
};
struct Load {
  Signal signal;
  std::vector<Query> queries;
  double seconds = 0;
};

Load make_load(unsigned seed, int queries) {
  std::mt19937 random(seed);
  std::exponential_distribution<double> gap(1 / 0.4);
  std::uniform_real_distribution<double> prefill(0.05, 0.5), decode(0.3, 6);
  std::vector<SignalPiece> pieces{{2, 90}};
  std::vector<Query> out;
  double t = 2;
  for (int n = 0; n < queries; ++n) {
    const double p = prefill(random), d = decode(random), idle = 0.001 + gap(random);
    pieces.insert(pieces.end(), {{p, 650}, {d, 380, 60, 9}, {idle, 90}});
    out.push_back({t, t + p + d});
    t += p + d + idle;
  }
  pieces.push_back({2, 90});
  return {Signal(std::move(pieces)), std::move(out), t + 2};
}

struct Errors {
  std::vector<double> relative;
  double bias = 0;
  void add(double estimate, double truth) {
    relative.push_back(std::abs(estimate - truth) / truth);
    bias += (estimate - truth) / truth;
  }
  double mean() const {
    double sum = 0;
    for (const double e : relative) sum += e;
    return sum / static_cast<double>(relative.size());
  }
  double p95() const { return relative[relative.size() * 95 / 100]; }
  void print(const char* name) {
    std::sort(relative.begin(), relative.end());
    std::printf("%-24s mean %6.3f %%  p95 %6.2f %%  max %6.2f %%  bias %+6.3f %%\n", name, 100 * mean(),
                100 * p95(), 100 * relative.back(), 100 * bias / static_cast<double>(relative.size()));
  }
};

// The method of the original's first release: last sample of this query less last sample of the query before.
double reference_method(const Load& load, std::size_t i, double update, double poll, double phase) {
  const auto last_sample = [&](double t) {
    return shown(load.signal, std::floor(t / poll) * poll, update, phase);
  };
  return last_sample(load.queries[i].end) -
         last_sample(i == 0 ? load.queries[0].begin : load.queries[i - 1].end);
}

TEST(Accuracy, edge_aware_windows_err_by_less_than_a_percent_and_the_interval_holds_the_truth) {
  Errors ours, linear, reference;
  int inside = 0, total = 0;
  double width = 0;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const Load load = make_load(seed, 387);
    const double phase = 0.0137 * seed;
    const auto series = poll_counter(load.signal, load.seconds, 0.1, 0.05, phase,
                                     make_domain("gpu-0", Scope::Accelerator, 1300));
    for (std::size_t i = 0; i < load.queries.size(); ++i) {
      const auto [begin, end] = load.queries[i];
      const double truth = load.signal.joules(end) - load.signal.joules(begin);
      const auto energy = measure(series, at(begin), at(end));
      ASSERT_TRUE(energy.joules) << energy.reason;
      ours.add(*energy.joules, truth);
      linear.add(*measure(series, at(begin), at(end), Rule::Linear).joules, truth);
      reference.add(reference_method(load, i, 0.1, 0.05, phase), truth);
      inside += std::abs(*energy.joules - truth) <= energy.half_width_joules;
      width += energy.half_width_joules / truth;
      ++total;
    }
  }
  ours.print("edge-aware");
  linear.print("linear interpolation");
  reference.print("reference method");
  std::printf("stated interval holds the truth in %.2f %% of windows, mean half-width %.2f %%\n",
              100.0 * inside / total, 100 * width / total);
  EXPECT_LT(ours.mean(), 0.01);
  EXPECT_LT(ours.mean(), linear.mean());
  EXPECT_GT(reference.mean(), 2 * ours.mean());
  EXPECT_GE(inside, 0.95 * total);
}

struct Sensor {
  double update, poll, cap;
};
class Coverage : public testing::TestWithParam<Sensor> {};

TEST_P(Coverage, the_stated_interval_holds_the_truth_of_random_windows) {
  const auto [update, poll, cap] = GetParam();
  const Load load = make_load(11, 60);
  std::mt19937 random(5);
  std::uniform_real_distribution<double> start(1, load.seconds - 12), length(0.01, 10);
  const auto series = poll_counter(load.signal, load.seconds, update, poll, 0.0071,
                                   make_domain("gpu-0", Scope::Accelerator, cap));
  int inside = 0;
  constexpr int kWindows = 400;
  for (int n = 0; n < kWindows; ++n) {
    const double a = start(random), b = a + length(random);
    const auto energy = measure(series, at(a), at(b));
    ASSERT_TRUE(energy.joules) << energy.reason;
    inside += std::abs(*energy.joules - (load.signal.joules(b) - load.signal.joules(a))) <=
              energy.half_width_joules + 1e-6;
  }
  EXPECT_GE(inside, 0.95 * kWindows);
}

INSTANTIATE_TEST_SUITE_P(Sensors, Coverage,
                         testing::Values(Sensor{0.1, 0.05, 1300}, Sensor{0.02, 0.05, 1300},
                                         Sensor{0.06, 0.05, 1300}, Sensor{0.001, 0.05, 1500},
                                         Sensor{1.0, 0.05, 1300}, Sensor{0.1, 0.01, 1300}));

}  // namespace
}  // namespace ipw::telemetry
