// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/llamacpp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "questions.h"

namespace ipw::clients {
namespace {

using testing::HasSubstr;

const std::string kTiny = IPW_SOURCE_DIR "/models/tiny-36k.gguf";
const std::string kMiddle = IPW_SOURCE_DIR "/models/tiny-360k.gguf";

std::unique_ptr<Client> open(const std::string& model, Params params = {}, int concurrency = 1) {
  static SystemClock clock;
  params.set("threads", params.text("threads", "1"));
  auto client = make_llamacpp({"", "", std::move(params), concurrency, &clock});
  client->prepare(model);
  return client;
}

std::size_t count_equal(const std::string& name) {
  const auto client = open(IPW_SOURCE_DIR "/models/" + name + ".gguf");
  std::size_t equal = 0;
  for (const auto& question : read_questions(name))
    equal += client->complete(ask(question.problem), {}).content == question.greedy;
  return equal;
}

TEST(LlamaCpp, S28_greedy_answers_equal_those_of_an_independent_decoder) {
  EXPECT_GE(count_equal("tiny-36k"), 239u);
  EXPECT_EQ(count_equal("tiny-360k"), 240u);
  EXPECT_EQ(count_equal("tiny-840k"), 240u);
}

TEST(LlamaCpp, four_at_once_answer_like_one_after_the_other) {
  const auto client = open(kMiddle, {}, 4);
  const auto questions = read_questions("tiny-360k");
  std::atomic<std::size_t> next = 0, equal = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < questions.size(); i = next++)
          equal += client->complete(ask(questions[i].problem), {}).content == questions[i].greedy;
      });
  }
  EXPECT_EQ(equal, questions.size());
}

TEST(LlamaCpp, M50_counts_are_the_engines_own) {
  const auto response = open(kMiddle)->complete(ask("What is 647 + 182?"), {});
  EXPECT_EQ(response.content, "829");
  EXPECT_EQ(response.usage.source, "engine");
  EXPECT_EQ(response.usage.completion_tokens, 4);  // three digits and the end of the answer
  EXPECT_EQ(response.usage.cached_tokens, 0);
  EXPECT_EQ(response.finish_reason, "stop");
}

TEST(LlamaCpp, stamps_lie_in_order_between_sent_and_done) {
  const auto response = open(kMiddle)->complete(ask("What is 647 + 182?"), {});
  ASSERT_EQ(response.arrivals.size(), 3u);
  EXPECT_EQ(response.stamps, "engine");
  EXPECT_LT(response.sent, response.arrivals.front());
  EXPECT_TRUE(std::ranges::is_sorted(response.arrivals));
  EXPECT_LE(response.arrivals.back(), response.done);
  ASSERT_TRUE(response.prefill && response.decode);
  EXPECT_LE(*response.prefill + *response.decode, Seconds(response.done - response.sent));
}

TEST(LlamaCpp, max_tokens_ends_with_length) {
  auto request = ask("What is 647 + 182?");
  request.sampling.max_tokens = 2;
  const auto response = open(kMiddle)->complete(request, {});
  EXPECT_EQ(response.content, "82");
  EXPECT_EQ(response.finish_reason, "length");
  EXPECT_EQ(response.usage.completion_tokens, 2);
}

TEST(LlamaCpp, a_stop_sequence_ends_the_answer_before_itself) {
  auto request = ask("What is 647 + 182?");
  request.sampling.stop = {"9"};
  const auto response = open(kMiddle)->complete(request, {});
  EXPECT_EQ(response.content, "82");
  EXPECT_EQ(response.finish_reason, "stop");
}

TEST(LlamaCpp, a_prompt_longer_than_the_context_is_a_failure_that_says_both_sizes) {
  Params params;
  params.set("ctx", "256");
  const auto response = open(kTiny, params)->complete(ask(std::string(400, 'x')), {});
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "engine");
  EXPECT_THAT(response.failure->message, HasSubstr("the context holds 256"));
}

TEST(LlamaCpp, a_cancelled_request_says_so) {
  std::stop_source source;
  source.request_stop();
  const auto response = open(kTiny)->complete(ask("What is 1 + 1?"), source.get_token());
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "cancelled");
}

TEST(LlamaCpp, the_same_seed_draws_the_same_answer) {
  const auto client = open(kMiddle);
  auto request = ask("Which rhymes with cat?");
  request.sampling.temperature = 2;
  request.sampling.top_p = 0.95;
  request.sampling.seed = 7;
  EXPECT_EQ(client->complete(request, {}).content, client->complete(request, {}).content);
}

TEST(LlamaCpp, temperature_draws_different_answers_for_different_seeds) {
  const auto client = open(kMiddle);
  auto request = ask("Reverse hello");
  request.sampling.temperature = 3;
  std::set<std::string> answers;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    request.sampling.seed = seed;
    answers.insert(client->complete(request, {}).content);
  }
  EXPECT_GT(answers.size(), 1u);
}

TEST(LlamaCpp, the_prefix_cache_is_off_until_asked_for) {
  Params params;
  params.set("cache", "true");
  const auto client = open(kMiddle, params);
  const auto first = client->complete(ask("What is 647 + 182?"), {});
  const auto second = client->complete(ask("What is 647 + 182?"), {});
  EXPECT_EQ(second.usage.cached_tokens, *second.usage.prompt_tokens - 1);
  EXPECT_EQ(second.content, first.content);
}

TEST(LlamaCpp, S28_raw_prompts_are_an_option_and_recorded) {
  static SystemClock clock;
  Params params;
  params.set("template", "raw");
  const auto description = make_llamacpp({"", "", params, 1, &clock})->prepare(kTiny);
  EXPECT_THAT(description.details_json, HasSubstr(R"("chat_template":"raw")"));
}

TEST(LlamaCpp, M59_prepare_loads_and_warms_up_and_reports_the_time_apart) {
  static SystemClock clock;
  const auto description = make_llamacpp({"", "", {}, 2, &clock})->prepare(kTiny);
  const auto details = parse_json(description.details_json).value();
  EXPECT_GT(details.at("load_seconds").get<double>(), 0);
  EXPECT_GT(details.at("warm_up_seconds").get<double>(), 0);
  EXPECT_GT(details.at("n_params").get<double>(), 30000);
  EXPECT_EQ(details.at("n_ctx_train"), 512);
  EXPECT_EQ(details.at("chat_template"), "jinja");
}

ErrorCode prepare_error(const std::string& path) {
  static SystemClock clock;
  try {
    make_llamacpp({"", "", {}, 1, &clock})->prepare(path);
  } catch (const Error& error) {
    EXPECT_FALSE(error.hint().empty());
    return error.code();
  }
  return ErrorCode::Internal;
}

TEST(LlamaCpp, a_missing_model_is_not_found) {
  EXPECT_EQ(prepare_error("/no/such.gguf"), ErrorCode::NotFound);
}

TEST(LlamaCpp, a_file_that_is_no_gguf_is_named_before_loading) {
  EXPECT_EQ(prepare_error(IPW_SOURCE_DIR "/LICENSE"), ErrorCode::Format);
}

TEST(LlamaCpp, a_broken_gguf_is_a_format_error) {
  const auto path = std::filesystem::path(testing::TempDir()) / "broken.gguf";
  write_file_atomic(path, read_file(kTiny).substr(0, 20000));
  EXPECT_EQ(prepare_error(path), ErrorCode::Format);
}

TEST(LlamaCpp, X15_an_unknown_engine_parameter_is_rejected) {
  static SystemClock clock;
  Params params;
  params.set("thread", "1");
  EXPECT_THROW(make_llamacpp({"", "", params, 1, &clock}), Error);
}

TEST(LlamaCpp, X15_engine_parameters_take_effect) {
  static SystemClock clock;
  Params params;
  params.set("ctx", "256");
  params.set("threads", "1");
  params.set("batch", "64");
  const auto text = make_llamacpp({"", "", params, 1, &clock})->prepare(kTiny).details_json;
  const auto details = parse_json(text).value();
  EXPECT_EQ(details.at("n_ctx"), 256);
  EXPECT_EQ(details.at("threads"), 1);
  EXPECT_EQ(details.at("batch"), 64);
}

TEST(LlamaCpp, more_threads_than_processors_are_cut_with_a_warning) {
  static SystemClock clock;
  Params params;
  params.set("threads", "4096");
  EXPECT_THAT(make_llamacpp({"", "", params, 1, &clock})->prepare(kTiny).warnings,
              testing::Contains(HasSubstr("was cut to")));
}

}  // namespace
}  // namespace ipw::clients
