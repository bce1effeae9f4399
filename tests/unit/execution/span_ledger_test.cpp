// SPDX-License-Identifier: Apache-2.0
// Spans add up to their task and tasks to the device, whatever happens at once.
#include "ipw/execution/span_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ramp.h"

namespace ipw::execution {
namespace {

double joules(const records::Span& span, std::size_t domain = 0) {
  return span.energy.empty() ? 0 : span.energy.at(domain).joules.value();
}

TEST(SpanLedger, A2_a_task_is_in_its_innermost_span_and_nowhere_else) {
  const Ramp source;
  SpanLedger ledger(source, at(0));
  const auto task = ledger.begin_task(at(0));
  const auto model = ledger.begin(task, "model", "m", at(1));
  ledger.first_token(model, at(2));
  ledger.end(model, at(4));
  const auto tool = ledger.begin(task, "tool", "shell", at(5));
  const auto inner = ledger.begin(tool, "model", "sub", at(6));
  ledger.end(inner, at(7));
  ledger.end(tool, at(8));
  ledger.end(task, at(10));
  const auto spans = ledger.take(task, false).value();
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans[0].kind, "task");
  EXPECT_DOUBLE_EQ(spans[0].own_seconds, 1 + 1 + 2);
  EXPECT_DOUBLE_EQ(spans[1].own_seconds, 3);
  EXPECT_DOUBLE_EQ(spans[2].own_seconds, 2);
  EXPECT_DOUBLE_EQ(spans[3].own_seconds, 1);
  EXPECT_EQ(spans[3].parent, spans[2].id);
  EXPECT_DOUBLE_EQ(spans[1].ttft_seconds.value(), 1);
  EXPECT_DOUBLE_EQ(spans[1].prefill.joules.value() + spans[1].decode.joules.value(), joules(spans[1]));
  EXPECT_DOUBLE_EQ(spans[1].prefill.joules.value(), 100 + 5 * (4 - 1));
  double sum = 0;
  for (const auto& span : spans) sum += joules(span);
  EXPECT_NEAR(sum, 100 * 10 + 5 * 100, 1e-9);
}

TEST(SpanLedger, waits_for_the_readings_after_the_end) {
  Ramp source;
  source.arrived = at(1);
  SpanLedger ledger(source, at(0));
  const auto task = ledger.begin_task(at(0));
  EXPECT_FALSE(ledger.take(task, true));  // it runs
  ledger.end(task, at(2));
  EXPECT_FALSE(ledger.take(task, false));
  source.arrived = at(2);
  EXPECT_TRUE(ledger.take(task, false));
  EXPECT_FALSE(ledger.take(task, false));  // it is gone
}

TEST(SpanLedger, A18_what_its_task_leaves_open_ends_with_it_and_says_so) {
  const Ramp source;
  SpanLedger ledger(source, at(0));
  const auto task = ledger.begin_task(at(0));
  const auto tool = ledger.begin(task, "tool", "shell", at(1));
  ledger.begin(tool, "model", "m", at(2));
  ledger.end(task, at(3));
  const auto spans = ledger.take(task, false).value();
  EXPECT_FALSE(spans[0].failure);
  EXPECT_EQ(spans[1].failure->kind, "cancelled");
  EXPECT_EQ(spans[2].failure->kind, "cancelled");
  EXPECT_DOUBLE_EQ(spans[2].end_seconds, 3);
}

TEST(SpanLedger, A5_two_tools_at_once_share_and_are_both_there) {
  const Ramp source;
  SpanLedger ledger(source, at(0));
  const auto task = ledger.begin_task(at(0));
  const auto one = ledger.begin(task, "tool", "one", at(0)), two = ledger.begin(task, "tool", "two", at(0));
  ledger.end(one, at(2));
  ledger.end(two, at(4));
  ledger.end(task, at(4));
  const auto spans = ledger.take(task, false).value();
  EXPECT_DOUBLE_EQ(spans[1].own_seconds, 2);
  EXPECT_DOUBLE_EQ(joules(spans[1], 1), 10);
  EXPECT_DOUBLE_EQ(joules(spans[2], 1), 30);
  EXPECT_DOUBLE_EQ(spans[0].own_seconds, 0);
}

TEST(SpanLedger, what_is_told_of_a_span_stays_with_it) {
  const Ramp source;
  SpanLedger ledger(source, at(0));
  const auto task = ledger.begin_task(at(0));
  const auto model = ledger.begin(task, "model", "m", at(0));
  ledger.end(task, at(1));
  ledger.describe(model, [](records::Span& span) { span.tokens.output = 7; });
  EXPECT_EQ(ledger.take(task, false)->at(1).tokens.output, 7);
}

/// A task of random spans, as events in time.
struct Event {
  double at;
  int task, kind;  ///< 0 begin, 1 model, 2 first token, 3 end of the child, 4 tool, 5 end of the task
};

std::vector<Event> random_events(int tasks, std::mt19937& random) {
  std::uniform_real_distribution<double> start(0, 20), length(0.001, 2);
  std::vector<Event> events;
  for (int task = 0; task < tasks; ++task) {
    double t = start(random);
    events.push_back({t, task, 0});
    for (int k = 0; k < 10; ++k) {
      events.push_back({t += length(random), task, k % 2 == 0 ? 1 : 4});
      if (k % 2 == 0) events.push_back({t += length(random), task, 2});
      events.push_back({t += length(random), task, 3});
    }
    events.push_back({t += length(random), task, 5});
  }
  std::ranges::sort(events, {}, &Event::at);
  return events;
}

TEST(SpanLedger, sixty_four_tasks_at_once_add_up_to_the_devices) {
  const Ramp source;
  std::mt19937 random(3);
  SpanLedger ledger(source, at(0));
  std::vector<SpanLedger::Id> tasks(64), children(64);
  double sums[2] = {0, 0}, seconds = 0, lives = 0;
  const auto take = [&](SpanLedger::Id task) {
    const auto spans = ledger.take(task, false).value();
    for (const auto& span : spans) {
      for (const std::size_t d : {0U, 1U}) sums[d] += joules(span, d);
      seconds += span.own_seconds;
      if (!span.parent) lives += span.end_seconds - span.begin_seconds;
    }
  };
  for (const auto& e : random_events(64, random)) {
    const auto i = static_cast<std::size_t>(e.task);
    if (e.kind == 0) tasks[i] = ledger.begin_task(at(e.at));
    if (e.kind == 1) children[i] = ledger.begin(tasks[i], "model", "m", at(e.at));
    if (e.kind == 2) ledger.first_token(children[i], at(e.at));
    if (e.kind == 3) ledger.end(children[i], at(e.at));
    if (e.kind == 4) children[i] = ledger.begin(tasks[i], "tool", "t", at(e.at));
    if (e.kind != 5) continue;
    ledger.end(tasks[i], at(e.at));
    take(tasks[i]);
  }
  const auto account = ledger.totals();
  const auto device = source.window(account.begin, account.end).energies;
  for (const std::size_t d : {0U, 1U}) {
    EXPECT_NEAR(sums[d] + account.domains[d].idle_joules, device[d].joules.value(), 1e-6 * *device[d].joules);
    EXPECT_NEAR(account.domains[d].unattributed_joules, 0, 1e-6 * *device[d].joules);
  }
  EXPECT_NEAR(seconds, lives, 1e-6 * lives);
}

}  // namespace
}  // namespace ipw::execution
