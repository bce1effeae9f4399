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
  EXPECT_EQ(totals.tokens.output, 20);
  EXPECT_EQ(totals.ended, at(1.25));
}

TEST_F(Meter, ends_a_call_that_does_not_end_with_its_task) {
  const auto m = meter({});
  EXPECT_THAT(m->begun(1, "key", "m", at(0)), IsEmpty());
  EXPECT_FALSE(m->close("key", at(1)).tokens.output);
  m->ended(call(1));
}

TEST_F(Meter, A6_the_sums_of_a_task_whose_last_call_did_not_end_are_incomplete) {
  const auto m = meter({});
  EXPECT_THAT(make_call(*m, 1), IsEmpty());
  EXPECT_THAT(m->begun(2, "key", "m", at(1)), IsEmpty());
  const auto totals = m->close("key", at(2));
  EXPECT_EQ(totals.tokens.output, 20);
  EXPECT_EQ(totals.tokens.source, "incomplete");
  EXPECT_FALSE(totals.cost_known);
  m->ended(call(2));
}

/// 30 tokens in and 5 out, the first of them after a second.
clients::Response sub_answer(double begin) {
  clients::Response out;
  out.content = "Six.";
  out.usage = {30, 5, {}, {}, "server"};
  out.sent = at(begin);
  out.arrivals = {at(begin + 1)};
  out.done = at(begin + 2);
  return out;
}

prices::Price dear(double input, double output) {
  prices::Price price;
  price.input = input;  // USD for a million tokens
  price.output = output;
  return price;
}

TEST_F(Meter, A18_a_model_that_a_tool_asks_has_a_span_with_tokens_phases_and_price) {
  TaskMeter m(ledger_, clock_, {}, prices::Quote(dear(1, 10)),
              [](const std::string& model, const std::string&) -> prices::Quote {
                if (model != "sub") return Unexpected<std::string>("no price");
                return dear(2, 20);
              });
  const auto task = ledger_.begin_task(at(0));
  m.open("key", task);
  EXPECT_THAT(make_call(m, 1), IsEmpty());
  clock_.sleep_until(at(1));
  const auto tools = m.tools("key");
  const auto tool = tools->begin("ask_model", "{}");
  const auto models = tools->sub_models(tool);
  const auto asked = models->begin("sub", "http://127.0.0.1:1/v1", false);
  ASSERT_TRUE(asked);
  clock_.sleep_until(at(4));
  models->end(*asked, sub_answer(1));
  tools->end(tool, "Six.", {});
  const auto totals = m.close("key", at(5));
  EXPECT_EQ(totals.tokens.input, 130);
  EXPECT_EQ(totals.tokens.output, 25);
  EXPECT_TRUE(totals.cost_known);
  EXPECT_NEAR(totals.cost.sum.total_usd, (100 * 1 + 20 * 10 + 30 * 2 + 5 * 20) * 1e-6, 1e-12);
  const auto spans = ledger_.take(task, true).value();
  ASSERT_EQ(spans.size(), 4U);
  const auto& sub = spans[3];
  EXPECT_EQ(sub.kind, "submodel");
  EXPECT_EQ(sub.name, "sub");
  EXPECT_EQ(sub.parent, spans[2].id);
  EXPECT_EQ(sub.tokens.output, 5);
  EXPECT_DOUBLE_EQ(sub.own_seconds, 2);
  EXPECT_DOUBLE_EQ(sub.ttft_seconds.value(), 1);
  EXPECT_TRUE(sub.prefill.joules && sub.decode.joules);
  EXPECT_NEAR(sub.cost->total_usd, 160e-6, 1e-12);
  EXPECT_DOUBLE_EQ(spans[2].own_seconds, 1) << "the tool waits while its model works";
}

TEST_F(Meter, a_model_at_a_provider_without_a_price_makes_the_task_s_cost_unknown) {
  for (const bool elsewhere : {false, true}) {
    TaskMeter m(ledger_, clock_, {}, prices::Quote(dear(1, 10)));
    m.open("key", ledger_.begin_task(at(0)));
    EXPECT_THAT(make_call(m, 1), IsEmpty());
    const auto tools = m.tools("key");
    const auto tool = tools->begin("ask_model", "{}");
    const auto models = tools->sub_models(tool);
    models->end(models->begin("sub", "https://a.example/v1", elsewhere).value(), sub_answer(0));
    EXPECT_EQ(m.close("key", at(5)).cost_known, !elsewhere);
  }
}

TEST_F(Meter, models_that_tools_ask_count_for_the_limits) {
  const auto m = meter({.turns = 9, .tokens = 30});
  const auto tools = m->tools("key");
  const auto tool = tools->begin("ask_model", "{}");
  const auto models = tools->sub_models(tool);
  models->end(models->begin("sub", "http://127.0.0.1:1/v1", false).value(), sub_answer(0));
  const auto second = models->begin("sub", "http://127.0.0.1:1/v1", false);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("35 tokens"));
  EXPECT_THAT(make_call(*m, 1), HasSubstr("35 tokens"));
  EXPECT_EQ(m->close("key", at(5)).limit, "tokens");
}

TEST_F(Meter, a_call_that_the_server_refused_has_used_nothing) {
  const auto m = meter({});
  auto refused = call(2);
  refused.events.clear();
  refused.body = R"({"error": {"message": "overloaded"}})";
  refused.http_status = 503;
  EXPECT_THAT(make_call(*m, 1), IsEmpty());
  EXPECT_THAT(m->begun(2, "key", "m", at(0)), IsEmpty());
  m->ended(refused);
  const auto totals = m->close("key", at(1));
  EXPECT_EQ(totals.tokens.source, "server");
  EXPECT_EQ(totals.tokens.output, 20);
}

TEST_F(Meter, refuses_a_key_that_is_nobody_s) {
  EXPECT_THAT(meter({})->begun(1, "other", "m", at(0)), HasSubstr("no task"));
}

}  // namespace
}  // namespace ipw::execution
