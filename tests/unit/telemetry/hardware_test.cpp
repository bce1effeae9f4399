// SPDX-License-Identifier: Apache-2.0
// What real machines have shown: recordings of their sensors, made by bench/gpu/check.py.
#include <gmock/gmock.h>

#include "build.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/compare_sources.h"
#include "ipw/telemetry/recording.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

std::vector<ObservedSource> recorded(const std::string& name) {
  const std::string text = read_file(IPW_SOURCE_DIR "/tests/fixtures/telemetry/" + name);
  std::vector<ObservedSource> out;
  for (const auto line : split(trim(text), '\n')) {
    if (is_header(line)) {
      for (Domain& domain : parse_header(line)) out.push_back({std::move(domain), {}});
      continue;
    }
    for (const Reading& reading : parse_sample(line).readings)
      out.at(reading.domain).readings.push_back(reading);
  }
  return out;
}

/// An H200 under squares of 133 ms and 370 ms, then idle: its counter, its instant power (T 100 ms, W 25 ms
/// by the known load), its mean over a second, the driver's ring of samples (T 20 ms, W 20 ms).
class NvidiaH200 : public testing::Test {
 protected:
  const SourceView& view(std::string_view name) const {
    return *std::ranges::find(found_.sources, name, &SourceView::domain);
  }
  std::vector<ObservedSource> sources_ = recorded("nvidia-h200.jsonl");
  SourceComparison found_ = compare_sources(sources_);
};

TEST_F(NvidiaH200, R5_cadence_and_average_are_found) {
  const auto& counter = view("gpu-0");
  const auto& instant = view("gpu-0/instant");
  const auto& average = view("gpu-0/average");
  const auto& ring = view("gpu-0/samples");
  ASSERT_TRUE(counter.update && instant.update && average.averaging && ring.update);
  EXPECT_NEAR(counter.update->seconds, 0.1, 0.002);
  EXPECT_NEAR(instant.update->seconds, 0.1, 0.005);
  EXPECT_NEAR(ring.update->seconds, 0.02, 0.0015);
  EXPECT_NEAR(average.averaging->seconds, 1, 0.2);
  // 25 ms by the known load: the ring, renewed each 20 ms, is too coarse to tell it, and nothing wrong is
  // told.
  EXPECT_FALSE(instant.averaging) << instant.averaging->seconds;
  report_goal(
      "R5", true,
      fmt::format("recorded on an NVIDIA H200: T of the counter {:.1f} ms, of instant power {:.1f} ms, of "
                  "the driver's ring {:.1f} ms; W of the mean {:.0f} ms",
                  1e3 * counter.update->seconds, 1e3 * instant.update->seconds, 1e3 * ring.update->seconds,
                  1e3 * average.averaging->seconds));
}

TEST_F(NvidiaH200, E15_no_disagreement_is_invented) {
  for (const auto& source : found_.sources) EXPECT_TRUE(source.watts) << source.domain << source.reason;
  EXPECT_THAT(found_.disagreements, testing::IsEmpty());
  const double counter = view("gpu-0").watts.value();
  EXPECT_NEAR(view("gpu-0/samples").watts.value() / counter, 1, 0.01);
  EXPECT_NEAR(view("gpu-0/average").watts.value() / counter, 1, 0.01);
}

TEST_F(NvidiaH200, O6_the_call_of_the_counter_takes_milliseconds_that_of_power_microseconds) {
  const auto mean_ms = [&](std::size_t source) {
    double sum = 0;
    for (const Reading& r : sources_[source].readings) sum += 2e3 * to_seconds(r.half_width);
    return sum / static_cast<double>(sources_[source].readings.size());
  };
  EXPECT_GT(mean_ms(0), 3);
  EXPECT_LT(mean_ms(1), 0.05);
}

}  // namespace
}  // namespace ipw::telemetry
