// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "build.h"
#include "ipw/telemetry/history.h"

namespace ipw::telemetry {
namespace {

/// A source whose readings are all there already.
class Recorded final : public Source {
 public:
  Recorded(const Signal& signal, double seconds) : history_({make_domain("gpu-0", Scope::Accelerator)}) {
    for (double t = 0; t <= seconds; t += 0.05) {
      Sample sample;
      sample.readings.push_back(energy_reading(t, shown(signal, t, 0.1, 0.013)));
      history_.feed(sample);
    }
  }
  DomainList domains() const override { return history_.domains(); }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return history_.settled(end); }
  WindowReport window(Instant begin, Instant end) const override { return history_.window(begin, end); }
  SelfReport self() const override { return {}; }
  std::string description() const override { return "recorded"; }
  void tap(std::function<void(const Sample&)>) override {}

 private:
  History history_;
  records::MachineInfo machine_;
};

struct Request {
  double begin = 0, end = 0;
};

std::vector<Request> random_requests(unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> start(1, 50), length(0.005, 5);
  std::vector<Request> out(40);
  for (Request& r : out) {
    r.begin = start(random);
    r.end = r.begin + length(random);
  }
  return out;
}

// Play the requests as they would have happened; each is taken a moment after its end.
double play(Attribution& attribution, const std::vector<Request>& requests) {
  struct Event {
    double at;
    int kind;  ///< 0 begin, 1 end, 2 take
    std::size_t request;
  };
  std::vector<Event> events;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    events.push_back({requests[i].begin, 0, i});
    events.push_back({requests[i].end, 1, i});
    events.push_back({requests[i].end + 0.2, 2, i});
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  double sum = 0;
  for (const Event& event : events) {
    const auto id = static_cast<std::int64_t>(event.request);
    const Request& r = requests[event.request];
    if (event.kind == 0) attribution.begin(id, at(r.begin));
    if (event.kind == 1) attribution.end(id, at(r.end));
    if (event.kind == 2) sum += attribution.take(id, at(r.begin), at(r.end)).energies.at(0).joules.value();
  }
  return sum;
}

class Conservation : public testing::TestWithParam<unsigned> {};

TEST_P(Conservation, M8_requests_and_idle_sum_to_the_device) {
  const Recorded source(llm_signal(90, 650, 380, 0.7, 0.2, 1.7), 60);
  const auto requests = random_requests(GetParam());
  const auto attribution = time_share(source);
  const double sum = play(*attribution, requests);
  const double begin = std::ranges::min(requests, {}, &Request::begin).begin;
  const double end = std::ranges::max(requests, {}, &Request::end).end;
  const double device = source.window(at(begin), at(end)).energies[0].joules.value();
  const DeviceShare total = attribution->totals().at(0);
  EXPECT_NEAR(total.device_joules, device, 1e-9 * device);
  EXPECT_NEAR(total.request_joules, sum, 1e-9 * device);
  EXPECT_NEAR(sum + total.idle_joules, device, 1e-9 * device);
  EXPECT_NEAR(total.unattributed_joules, 0, 1e-9 * device);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Conservation, testing::Range(1U, 21U));

TEST(Attribution, a_request_alone_gets_the_whole_window) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = time_share(source);
  attribution->begin(1, at(2));
  attribution->end(1, at(5));
  const auto energy = attribution->take(1, at(2), at(5)).energies.at(0);
  EXPECT_EQ(energy.joules, source.window(at(2), at(5)).energies[0].joules);
  EXPECT_EQ(energy.rule, "edge-aware");
}

TEST(Attribution, two_at_once_get_half_each_and_say_so) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = time_share(source);
  attribution->begin(1, at(2));
  attribution->begin(2, at(2));
  attribution->end(1, at(6));
  attribution->end(2, at(6));
  const auto one = attribution->take(1, at(2), at(6)).energies.at(0),
             two = attribution->take(2, at(2), at(6)).energies.at(0);
  EXPECT_DOUBLE_EQ(*one.joules, *two.joules);
  EXPECT_NEAR(*one.joules, 400, 6);
  EXPECT_EQ(one.rule, "time-share (2 concurrent)");
}

TEST(Attribution, a_request_that_is_never_taken_is_unattributed) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = time_share(source);
  attribution->begin(1, at(2));
  attribution->end(1, at(4));
  attribution->begin(2, at(4));
  attribution->end(2, at(6));
  attribution->take(1, at(2), at(4));
  const DeviceShare total = attribution->totals().at(0);
  EXPECT_NEAR(total.request_joules, 400, 1e-6 * 400 + 6);
  EXPECT_NEAR(total.unattributed_joules, 400, 6);
  EXPECT_NEAR(total.device_joules, total.request_joules + total.idle_joules + total.unattributed_joules,
              1e-9);
}

}  // namespace
}  // namespace ipw::telemetry
