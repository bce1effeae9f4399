// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "build.h"
#include "ipw/telemetry/attribution.h"
#include "ipw/telemetry/history.h"

namespace ipw::telemetry {
namespace {

/// A source whose readings are all there already.
class Recorded final : public Source {
 public:
  Recorded(const Signal& signal, double seconds, Scope scope = Scope::Accelerator)
      : history_({make_domain("gpu-0", scope)}) {
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

Work work(const Request& r) {
  const Instant first = at(r.begin + 0.2 * (r.end - r.begin)), last = at(r.end);
  return {at(r.begin), last, 100, 3, {first, first + (last - first) / 2, last}};
}

bool take_one(Attribution& attribution, std::int64_t id, bool force, double& sum) {
  const auto report = attribution.take(id, force);
  if (report) sum += report->energies.at(0).joules.value();
  return report.has_value();
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
  std::deque<std::int64_t> waiting;
  for (const Event& event : events) {
    const auto id = static_cast<std::int64_t>(event.request);
    const Request& r = requests[event.request];
    if (event.kind == 0) attribution.begin(id, at(r.begin));
    if (event.kind == 1) attribution.end(id, work(r));
    if (event.kind == 2) waiting.push_back(id);
    while (!waiting.empty() && take_one(attribution, waiting.front(), false, sum)) waiting.pop_front();
  }
  for (const std::int64_t id : waiting) EXPECT_TRUE(take_one(attribution, id, true, sum));
  return sum;
}

class Conservation : public testing::TestWithParam<std::tuple<std::string_view, unsigned>> {};

TEST_P(Conservation, M8_requests_and_idle_sum_to_the_device) {
  const Recorded source(llm_signal(90, 650, 380, 0.7, 0.2, 1.7), 60);
  const auto [rule, seed] = GetParam();
  const auto requests = random_requests(seed);
  const auto attribution = attribution_rule(rule).make(source, [](const std::string&) { return 80.0; });
  const double sum = play(*attribution, requests);
  const Account account = attribution->totals();
  const double device = source.window(account.begin, account.end).energies[0].joules.value();
  const DeviceShare& total = account.domains.at(0);
  EXPECT_EQ(account.begin, at(std::ranges::min(requests, {}, &Request::begin).begin));
  EXPECT_EQ(account.end, at(std::ranges::max(requests, {}, &Request::end).end));
  EXPECT_NEAR(total.device_joules, device, 1e-9 * device);
  EXPECT_NEAR(total.request_joules, sum, 1e-9 * device);
  EXPECT_NEAR(sum + total.idle_joules, device, 1e-9 * device);
  EXPECT_NEAR(total.unattributed_joules, 0, 1e-9 * device);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Conservation,
                         testing::Combine(testing::Values("time-share", "work-share"),
                                          testing::Range(1U, 21U)));

class Rule : public testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Attribution> make(const Source& source) const {
    return attribution_rule(GetParam()).make(source, [](const std::string&) { return std::nullopt; });
  }
};

TEST_P(Rule, a_request_alone_gets_the_whole_window) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = make(source);
  attribution->begin(1, at(2));
  attribution->end(1, work({2, 5}));
  const auto energy = attribution->take(1, true)->energies.at(0);
  EXPECT_NEAR(energy.joules.value(), source.window(at(2), at(5)).energies[0].joules.value(), 1e-9);
}

TEST_P(Rule, two_equal_ones_get_half_each_and_say_so) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = make(source);
  for (const int id : {1, 2}) attribution->begin(id, at(2));
  for (const int id : {1, 2}) attribution->end(id, work({2, 6}));
  const auto one = attribution->take(1, true)->energies.at(0),
             two = attribution->take(2, true)->energies.at(0);
  EXPECT_NEAR(*one.joules, *two.joules, 1e-9);
  EXPECT_NEAR(*one.joules, 400, 6);
  EXPECT_TRUE(one.rule.starts_with(GetParam()));
  EXPECT_NE(one.rule.find("2 concurrent"), std::string::npos);
}

TEST_P(Rule, M53_parallel_requests_are_paired_by_their_ids) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = make(source);
  attribution->begin(1, at(2));
  attribution->begin(2, at(3));
  attribution->end(2, work({3, 4}));
  attribution->end(1, work({2, 12}));
  const auto one = attribution->take(1, true)->energies.at(0),
             two = attribution->take(2, true)->energies.at(0);
  EXPECT_GT(*one.joules, 9 * 200);
  EXPECT_LT(*two.joules, 200);
  EXPECT_NEAR(*one.joules + *two.joules, 10 * 200, 10);
}

TEST_P(Rule, a_cancelled_request_is_unattributed) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = make(source);
  attribution->begin(1, at(2));
  attribution->end(1, work({2, 4}));
  attribution->begin(2, at(4));
  attribution->end(2, {.done = at(6)}, false);
  EXPECT_TRUE(attribution->take(1, true));
  const DeviceShare total = attribution->totals().domains.at(0);
  EXPECT_NEAR(total.request_joules, 400, 10);
  EXPECT_NEAR(total.unattributed_joules, 400, 10);
  EXPECT_NEAR(total.device_joules, total.request_joules + total.idle_joules + total.unattributed_joules,
              1e-9);
}

TEST_P(Rule, waits_for_the_readings_after_the_end) {
  const Recorded source(constant_signal(200), 4);
  const auto attribution = make(source);
  attribution->begin(1, at(2));
  attribution->end(1, work({2, 5}));
  EXPECT_FALSE(attribution->take(1, false));
  EXPECT_TRUE(attribution->take(1, true));
}

INSTANTIATE_TEST_SUITE_P(Rules, Rule, testing::Values("time-share", "work-share"));

TEST(WorkShare, waits_for_requests_that_overlap) {
  const Recorded source(constant_signal(200), 50);
  const auto attribution = work_share(source, [](const std::string&) { return 50.0; });
  attribution->begin(1, at(2));
  attribution->begin(2, at(3));
  attribution->end(1, work({2, 4}));
  EXPECT_FALSE(attribution->take(1, false));
  attribution->end(2, work({3, 40}));
  EXPECT_TRUE(attribution->take(1, false));
  EXPECT_TRUE(attribution->take(2, true));
}

TEST(WorkShare, idle_power_is_a_part_of_its_own) {
  const Recorded source(constant_signal(200), 50);
  const auto attribution = work_share(source, [](const std::string&) { return 50.0; });
  for (const int id : {1, 2}) attribution->begin(id, at(2));
  attribution->end(1, work({2, 12}));
  attribution->end(2, work({2, 22}));
  const auto energy = attribution->take(1, true)->energies.at(0);
  EXPECT_NEAR(energy.idle_joules.value(), 50 * 10 / 2, 1);
  const auto total = attribution->totals().domains.at(0);
  EXPECT_NEAR(total.shared_idle_joules, 250, 1);  // of the one that was taken
  EXPECT_NEAR(total.idle_joules, 0, 1e-9);
}

TEST(WorkShare, who_computes_more_tokens_gets_more) {
  const Recorded source(constant_signal(200), 50);
  const auto attribution = work_share(source, [](const std::string&) { return 50.0; });
  for (const int id : {1, 2}) attribution->begin(id, at(2));
  Work small = work({2, 12}), large = small;
  small.arrivals.front() = large.arrivals.front() = at(2);
  small.prompt_tokens = large.prompt_tokens = 0;
  small.output_tokens = 11;
  large.output_tokens = 31;
  attribution->end(1, small);
  attribution->end(2, large);
  const auto one = attribution->take(1, true)->energies.at(0),
             two = attribution->take(2, true)->energies.at(0);
  EXPECT_NEAR((*two.joules - *two.idle_joules) / (*one.joules - *one.idle_joules), 3, 0.01);
}

TEST(WorkShare, a_warm_up_is_evidence_and_no_part_of_the_account) {
  const Recorded source(constant_signal(200), 50);
  const auto attribution = work_share(source, [](const std::string&) { return 50.0; });
  attribution->calibrate(work({2, 6}));
  attribution->begin(1, at(10));
  attribution->end(1, work({10, 14}));
  EXPECT_TRUE(attribution->take(1, true));
  const Account account = attribution->totals();
  EXPECT_EQ(account.begin, at(10));
  EXPECT_EQ(account.domains.at(0).alone_requests, 2U);
  EXPECT_NEAR(account.domains.at(0).alone_joules_per_token.value(), 150 * 8 / 6.0, 2);
}

TEST(WorkShare, energy_that_is_unknown_is_absent_with_a_reason) {
  const Recorded source(constant_signal(200), 5);
  const auto attribution = work_share(source, [](const std::string&) { return std::nullopt; });
  attribution->begin(1, at(10));
  attribution->end(1, work({10, 12}));
  const auto energy = attribution->take(1, true)->energies.at(0);
  EXPECT_FALSE(energy.joules);
  EXPECT_FALSE(energy.reason.empty());
}

TEST(TimeShare, tools_have_no_part_in_an_accelerator_while_a_model_works) {
  const Recorded source(constant_signal(200), 20);
  const auto attribution = time_share(source);
  attribution->begin(1, at(2));        // a model
  attribution->begin_aside(2, at(2));  // a tool of another agent
  attribution->end(1, work({2, 6}));
  attribution->end(2, {.done = at(8)});
  const auto model = attribution->take(1, true)->energies.at(0),
             tool = attribution->take(2, true)->energies.at(0);
  EXPECT_NEAR(*model.joules, 800, 10);
  EXPECT_NEAR(*tool.joules, 400, 10);  // from 6 to 8 there is nobody else
}

TEST(TimeShare, tools_share_what_is_no_accelerator_evenly) {
  const Recorded source(constant_signal(200), 20, Scope::Package);
  const auto attribution = time_share(source);
  attribution->begin(1, at(2));
  attribution->begin_aside(2, at(2));
  attribution->end(1, work({2, 6}));
  attribution->end(2, {.done = at(6)});
  EXPECT_NEAR(*attribution->take(1, true)->energies.at(0).joules, 400, 10);
  EXPECT_NEAR(*attribution->take(2, true)->energies.at(0).joules, 400, 10);
}

TEST(TimeShare, sums_hold_with_models_and_tools) {
  const Recorded source(llm_signal(90, 650, 380, 0.7, 0.2, 1.7), 60);
  const auto requests = random_requests(7);
  const auto attribution = time_share(source);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i);
    i % 2 == 0 ? attribution->begin(id, at(requests[i].begin))
               : attribution->begin_aside(id, at(requests[i].begin));
  }
  for (std::size_t i = 0; i < requests.size(); ++i)
    attribution->end(static_cast<std::int64_t>(i), work(requests[i]));
  double sum = 0;
  for (std::size_t i = 0; i < requests.size(); ++i)
    take_one(*attribution, static_cast<std::int64_t>(i), true, sum);
  const auto total = attribution->totals().domains.at(0);
  EXPECT_NEAR(sum + total.idle_joules, total.device_joules, 1e-9 * total.device_joules);
}

}  // namespace
}  // namespace ipw::telemetry
