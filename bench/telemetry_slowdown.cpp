// SPDX-License-Identifier: Apache-2.0
// By how much sampling slows a workload down: goal O5 of docs/reference/telemetry-truth.md.
//   telemetry_slowdown [QUADRUPLES]
// A fixed kernel runs on every processor, without sampling, with, with, without, so that a drift of the
// machine cancels. The sampler reads the machine's own files and eight simulated GPUs at 50 ms in this
// process.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/telemetry/source.h"
#include "support/goal.h"

namespace ipw {
namespace {

constexpr int kQuadruples = 30;
constexpr std::uint64_t kRounds = 150'000'000;
constexpr double kGoal = 0.001;
// A wider interval tells nothing: the machine was not quiet.
constexpr double kWidest = 0.01;

std::uint64_t kernel() {
  std::uint64_t x = 88172645463325252ULL;
  for (std::uint64_t n = 0; n < kRounds; ++n) {
    x ^= x << 13U;
    x ^= x >> 7U;
    x ^= x << 17U;
  }
  return x;
}

/// Seconds until every processor has done its share.
double run(Clock& clock) {
  std::vector<std::thread> workers;
  std::vector<std::uint64_t> results(std::max(1U, std::thread::hardware_concurrency()));
  const Instant begin = clock.now();
  for (auto& result : results) workers.emplace_back([&result] { result = kernel(); });
  for (auto& worker : workers) worker.join();
  if (std::ranges::find(results, 0U) != results.end()) std::abort();
  return to_seconds(clock.now() - begin);
}

double run_sampled(Clock& clock) {
  telemetry::SourceOptions options;
  options.collectors = {"host"};
  for (int n = 0; n < 8; ++n)
    options.collectors.emplace_back("simulated:watts=300,update_ms=100,scope=accelerator");
  const auto source = telemetry::open_local(options, clock);
  return run(clock);
}

/// The median, and the order statistics that hold it in 95 % of cases.
struct Middle {
  double median, low, high;
};
Middle middle_of(std::vector<double> values) {
  std::ranges::sort(values);
  const auto n = static_cast<double>(values.size());
  const double reach = 1.96 * std::sqrt(n) / 2;
  const auto at = [&](double rank) {
    return values[static_cast<std::size_t>(std::clamp(std::round(rank), 0.0, n - 1))];
  };
  return {at((n - 1) / 2), at((n - 1) / 2 - reach), at((n - 1) / 2 + reach)};
}

void measure(int quadruples) {
  SystemClock clock;
  run(clock);
  std::vector<double> slower, floor;
  for (int n = 0; n < quadruples; ++n) {
    const double before = run(clock), first = run_sampled(clock), second = run_sampled(clock),
                 after = run(clock);
    slower.push_back((first + second) / (before + after) - 1);
    floor.push_back(std::abs(after / before - 1));
  }
  const Middle found = middle_of(slower), noise = middle_of(floor);
  const bool quiet = found.high - found.low <= kWidest;
  report_goal(
      "O5", quiet && found.low <= kGoal,
      fmt::format(
          "{} quadruples on {} processors, sampling at 50 ms: slower by {:.3f} % (median; 95 % interval "
          "{:.3f} to {:.3f} %); two runs without sampling differ by {:.2f} %{}",
          quadruples, std::thread::hardware_concurrency(), 100 * found.median, 100 * found.low,
          100 * found.high, 100 * noise.median, quiet ? "" : ": too noisy a machine to tell"));
}

}  // namespace
}  // namespace ipw

int main(int argc, char** argv) try {
  ipw::measure(argc > 1 ? std::max(2, std::atoi(argv[1])) : ipw::kQuadruples);
  return 0;
} catch (const ipw::Error& error) {
  fmt::print(stderr, "telemetry_slowdown: {}\n", error.what());
  return 1;
}
