// SPDX-License-Identifier: Apache-2.0
// Which calls a task may make, and what it is told to have used.
#include "ipw/execution/task_meter.h"

#include <gmock/gmock.h>

#include <functional>
#include <utility>

#include "ramp.h"

namespace ipw::execution {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A call of 100 tokens in and 20 out; the server's usage stands in the last event.
agents::ModelCall call(std::int64_t id) {
  agents::ModelCall out;
  out.id = id;
  out.key = "key";
  out.model = "m";
  out.http_status = 200;
  for (int i = 0; i < 20; ++i)
    out.events.push_back({.data = R"({"choices":[{"index":0,"delta":{"content":"x"}}]})"});
  out.events.push_back({.data = R"({"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20}})"});
  out.events.push_back({.data = "[DONE]"});
  return out;
}

/// Lets something happen while somebody sleeps.
class EventfulClock final : public Clock {
 public:
  Instant now() const override { return clock_.now(); }
  WallTime wall() const override { return clock_.wall(); }
  void sleep_until(Instant deadline) override {
    clock_.sleep_until(deadline);
    if (const auto event = std::exchange(asleep_for_the_first_time, {})) event();
  }
  std::function<void()> asleep_for_the_first_time;

 private:
  VirtualClock clock_;
};

class Meter : public testing::Test {
 protected:
  std::unique_ptr<TaskMeter> meter(const TaskLimits& limits, prices::Quote price = {}) {
    auto out = std::make_unique<TaskMeter>(ledger_, clock_, limits, std::move(price));
    out->open("key", ledger_.begin_task(at(0)));
    return out;
  }
  /// Why the call is refused, or nothing once it is made.
  static std::string make_call(TaskMeter& meter, std::int64_t id) {
    auto refusal = meter.begun(id, "key", "m", at(0));
    if (refusal.empty()) meter.ended(call(id));
    return refusal;
  }
  Ramp source_;
  SpanLedger ledger_{source_, at(0)};
  EventfulClock clock_;
};

TEST_F(Meter, A14_refuses_a_turn_beyond_the_last) {
  const auto m = meter({.turns = 2});
  EXPECT_THAT(make_call(*m, 1), IsEmpty());
  EXPECT_THAT(make_call(*m, 2), IsEmpty());
  EXPECT_THAT(make_call(*m, 3), HasSubstr("2 turns"));
  const auto totals = m->close("key", at(1));
  EXPECT_EQ(totals.limit, "turns");
  EXPECT_EQ(totals.tokens.input, 200);
  EXPECT_EQ(totals.tokens.output, 40);
}

TEST_F(Meter, refuses_a_task_that_has_used_its_tokens) {
  const auto m = meter({.turns = 9, .tokens = 121});
  EXPECT_THAT(make_call(*m, 1), IsEmpty());
  EXPECT_THAT(make_call(*m, 2), IsEmpty());
  EXPECT_THAT(make_call(*m, 3), HasSubstr("240 tokens"));
  EXPECT_EQ(m->close("key", at(1)).limit, "tokens");
}

TEST_F(Meter, refuses_a_task_that_has_cost_its_money) {
  prices::Price price;
  price.input = 1.0;  // USD for a million tokens
  price.output = 10.0;
  const auto m = meter({.turns = 9, .usd = 0.0004}, prices::Quote(price));
  EXPECT_THAT(make_call(*m, 1), IsEmpty());
  EXPECT_THAT(make_call(*m, 2), IsEmpty());
  EXPECT_THAT(make_call(*m, 3), HasSubstr("0.0006 USD"));
  EXPECT_EQ(m->close("key", at(1)).limit, "cost");
}

TEST_F(Meter, gives_a_call_that_is_under_way_a_moment_to_end) {
  const auto m = meter({});
  EXPECT_THAT(m->begun(1, "key", "m", at(0)), IsEmpty());
  auto late = call(1);
  late.done = at(1.25);
  clock_.asleep_for_the_first_time = [&] { m->ended(late); };
  const auto totals = m->close("key", at(1));
  EXPECT_EQ(totals.calls, 1U);
  EXPECT_EQ(totals.tokens.output, 20);
  EXPECT_EQ(totals.ended, at(1.25));
}

TEST_F(Meter, ends_a_call_that_does_not_end_with_its_task) {
  const auto m = meter({});
  EXPECT_THAT(m->begun(1, "key", "m", at(0)), IsEmpty());
  EXPECT_EQ(m->close("key", at(1)).calls, 0U);
  m->ended(call(1));
}

TEST_F(Meter, refuses_a_key_that_is_nobody_s) {
  EXPECT_THAT(meter({})->begun(1, "other", "m", at(0)), HasSubstr("no task"));
}

}  // namespace
}  // namespace ipw::execution
