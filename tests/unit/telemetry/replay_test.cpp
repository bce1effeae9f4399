// SPDX-License-Identifier: Apache-2.0
// Goal P10: energies computed from a recording are those computed from the readings, to the last bit.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "build.h"
#include "ipw/telemetry/history.h"
#include "ipw/telemetry/recording.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

std::vector<Domain> mixed_domains() {
  Domain gpu = make_domain("gpu-0", Scope::Accelerator, 1500);
  gpu.update_seconds = 0.1;
  Domain package = make_domain("package-0", Scope::Package, 400);
  package.wrap_joules = 65532.610987;
  Domain box = make_domain("gpu-1", Scope::Accelerator, 1500);
  box.update_seconds = box.averaging_seconds = 0.1;
  Domain module = make_domain("module-0", Scope::Module, 3000);
  return {gpu, package, box, module};
}

std::vector<Sample> random_samples(std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  const Signal signal = llm_signal(90, 650, 380, 0.43, 0.21, 1.77);
  std::vector<Sample> out;
  for (int n = 0; n < 2400; ++n) {
    const double now = n * 0.05 + 0.002 * uniform(random);
    Sample sample;
    sample.sequence = static_cast<std::uint64_t>(n);
    sample.tick = at(now);
    const auto add = [&](std::uint32_t domain, std::optional<double> joules, std::optional<double> watts) {
      sample.readings.push_back(
          {domain, at(now), Nanoseconds(static_cast<int>(20000 * uniform(random))), joules, watts});
    };
    add(0, n == 1200 ? 3.0 : shown(signal, now, 0.1, 0.031) / (n < 1200 ? 1 : 7), std::nullopt);
    add(1, std::fmod(65000 + 0.3 * signal.joules(now), 65532.610987), std::nullopt);
    add(2, std::nullopt, (shown(signal, now, 0.1) - shown(signal, now - 0.1, 0.1)) / 0.1);
    if (n < 900 || n > 1000) add(3, std::nullopt, signal.watts(now) * (1 + 0.01 * uniform(random)));
    out.push_back(std::move(sample));
  }
  return out;
}

bool same_bits(const std::optional<double>& a, const std::optional<double>& b) {
  return a.has_value() == b.has_value() && (!a || std::memcmp(&*a, &*b, sizeof(double)) == 0);
}

TEST(Goals, P10_a_recording_gives_bit_identical_energies) {
  std::mt19937 random(99);
  const auto domains = mixed_domains();
  const auto samples = random_samples(random);
  const auto path = std::filesystem::temp_directory_path() / "ipw-replay-test.jsonl";
  std::filesystem::remove(path);
  History direct(domains);
  {
    RecordingWriter writer(path, domains);
    for (const Sample& sample : samples) {
      direct.feed(sample);
      writer.write(sample);
    }
  }
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  History replayed(parse_header(line));
  while (std::getline(file, line)) replayed.feed(parse_sample(line));
  std::filesystem::remove(path);

  std::uniform_real_distribution<double> begin(1, 100), length(0.01, 15);
  int compared = 0, different = 0;
  for (int n = 0; n < 500; ++n) {
    const double a = begin(random), b = a + length(random);
    const auto one = direct.window(at(a), at(b)), other = replayed.window(at(a), at(b));
    ASSERT_EQ(one.energies.size(), other.energies.size());
    for (std::size_t i = 0; i < one.energies.size(); ++i) {
      const auto &x = one.energies[i], &y = other.energies[i];
      ++compared;
      different += !same_bits(x.joules, y.joules) || !same_bits(x.half_width_joules, y.half_width_joules) ||
                   !same_bits(x.low_joules, y.low_joules) || !same_bits(x.coverage, y.coverage) ||
                   x.validity != y.validity || x.reason != y.reason;
    }
  }
  report_goal("P10", different == 0,
              fmt::format("{} energies of 500 windows and 4 domains from a recording: {} differ in any bit",
                          compared, different));
  EXPECT_EQ(different, 0);
}

}  // namespace
}  // namespace ipw::telemetry
