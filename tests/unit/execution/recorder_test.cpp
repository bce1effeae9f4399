// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/recorder.h"

#include <gtest/gtest.h>

namespace ipw::execution {
namespace {

using namespace std::chrono_literals;

Instant at(Nanoseconds t) {
  return Instant(t);
}

datasets::Question question() {
  datasets::Question q;
  q.index = 7;
  q.problem = "What is 2 + 2?";
  q.answer = "4";
  q.subject = "sums";
  q.scorer = "numeric";
  return q;
}

clients::Response answered(const std::string& text) {
  clients::Response r;
  r.content = text;
  r.finish_reason = "stop";
  r.sent = at(1s);
  r.arrivals = {at(1200ms), at(1300ms), at(1350ms)};
  r.done = at(1400ms);
  return r;
}

records::QueryRecord record_of(const clients::Response& response) {
  const auto request = make_request(question(), {}, "m", {}, Seconds(5));
  return make_record(question(), request, response, at(500ms), WallTime(42ns));
}

TEST(Recorder, takes_times_from_the_monotonic_clock) {
  const auto record = record_of(answered("4"));
  EXPECT_DOUBLE_EQ(record.latency.total_seconds, 0.4);
  EXPECT_DOUBLE_EQ(record.latency.ttft_seconds.value(), 0.2);
  ASSERT_EQ(record.latency.itl_seconds.size(), 2U);
  EXPECT_DOUBLE_EQ(record.latency.itl_seconds[0], 0.1);
  EXPECT_DOUBLE_EQ(record.started_seconds, 0.5);
  EXPECT_EQ(record.query_id, "q0007");
}

TEST(Recorder, M48_has_no_ttft_when_no_token_came) {
  auto response = answered("");
  response.arrivals.clear();
  EXPECT_FALSE(record_of(response).latency.ttft_seconds);
}

TEST(Recorder, M49_leaves_unknown_token_counts_absent) {
  const auto record = record_of(answered("4"));
  EXPECT_FALSE(record.tokens.input);
  EXPECT_FALSE(record.tokens.output);
}

TEST(Recorder, judges_by_the_rule_of_the_question) {
  EXPECT_EQ(record_of(answered("4")).evaluation.value().correct, true);
  EXPECT_EQ(record_of(answered("5")).evaluation.value().correct, false);
}

TEST(Recorder, X3_records_a_failed_query_as_wrong_with_its_reason) {
  auto response = answered("par");
  response.failure = clients::Failure{"timeout", "no byte for 5 s", 0};
  const auto record = record_of(response);
  EXPECT_EQ(record.finish_reason, "error");
  EXPECT_EQ(record.failure.value().kind, "timeout");
  EXPECT_EQ(record.response, "par");
  EXPECT_EQ(record.evaluation.value().correct, false);
}

TEST(Recorder, X27_says_why_an_answer_ended) {
  auto response = answered("4");
  EXPECT_EQ(record_of(response).finish_reason, "stop");
  response.finish_reason = "length";
  EXPECT_EQ(record_of(response).finish_reason, "length");
  response.failure = clients::Failure{"http", "status 500", 500};
  EXPECT_EQ(record_of(response).finish_reason, "error");
}

TEST(Recorder, keeps_an_answer_that_is_not_utf8) {
  EXPECT_EQ(record_of(answered("4\xFF")).response, "4\xEF\xBF\xBD");
}

TEST(Request, asks_with_the_limit_of_the_dataset_unless_one_was_given) {
  datasets::DatasetInfo info;
  info.max_tokens = 16;
  EXPECT_EQ(make_request(question(), info, "m", {}, Seconds(1)).sampling.max_tokens, 16);
  clients::Sampling sampling;
  sampling.max_tokens = 5;
  EXPECT_EQ(make_request(question(), info, "m", sampling, Seconds(1)).sampling.max_tokens, 5);
}

TEST(Recorder, M26_keeps_every_gpu_by_itself_with_its_id) {
  telemetry::WindowReport window;
  window.devices = {{"gpu-0", "GPU-1, H100", "power_watts", {100, 120, 100, 80}},
                    {"gpu-1", "GPU-2, H100", "power_watts", {300, 320, 300, 280}}};
  auto record = record_of(answered("4"));
  add_window(record, window);
  ASSERT_EQ(record.devices.size(), 2U);
  EXPECT_EQ(record.devices[1].device, "GPU-2, H100");
  EXPECT_EQ(record.devices[1].stats.avg, 300);
}

TEST(Recorder, S27_leaves_an_answer_without_a_rule_unscored_with_the_reason) {
  auto asked = question();
  asked.scorer.clear();
  const auto evaluation = evaluate(asked, answered("4"));
  EXPECT_FALSE(evaluation.correct.has_value());
  EXPECT_EQ(evaluation.reason, "the data names no rule for this question");
}
TEST(Recorder, leaves_an_answer_that_needs_a_sandbox_unscored_while_the_run_goes_on) {
  auto asked = question();
  asked.scorer = "humaneval";
  const auto evaluation = evaluate(asked, answered("4"));
  EXPECT_FALSE(evaluation.correct.has_value());
  EXPECT_EQ(evaluation.reason, "not scored yet: 'humaneval' needs a sandbox");
}

}  // namespace
}  // namespace ipw::execution
