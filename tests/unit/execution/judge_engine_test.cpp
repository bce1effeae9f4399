// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/judge_engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <thread>

#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/execution/judge_reply.h"

namespace ipw::execution {
namespace {

/// A client that answers from a list and keeps what it was asked.
struct Script {
  std::deque<clients::Response> answers;
  std::vector<clients::Request> asked;
};

class Scripted final : public clients::Client {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  clients::Description prepare(const std::string&) override { return {}; }
  clients::Response complete(const clients::Request& request, std::stop_token) override {
    script_.asked.push_back(request);
    if (script_.answers.empty()) return {};
    auto answer = script_.answers.front();
    script_.answers.pop_front();
    return answer;
  }

 private:
  Script& script_;
};

clients::Response says(const std::string& text) {
  clients::Response out;
  out.content = text;
  out.usage.prompt_tokens = 10;
  out.usage.completion_tokens = 3;
  return out;
}
clients::Response fails(const std::string& kind, int status) {
  clients::Response out;
  out.failure = clients::Failure{kind, "no luck", status};
  return out;
}

const evaluation::JudgeRequest kQuestion{
    "simpleqa/1", "You judge.", " Reply so.", "Is it so?", R"({"type":"object","required":["grade"]})", 77};

struct JudgeEngineTest : testing::Test {
  Script script;
  VirtualClock clock;
  JudgeConfig config{.model = "judge-model"};
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) /
                                 testing::UnitTest::GetInstance()->current_test_info()->name();
  void SetUp() override { std::filesystem::remove_all(folder); }
  std::unique_ptr<JudgeEngine> engine(JudgeSink* sink = nullptr) {
    return make_judge(config, std::make_unique<Scripted>(script), clock, sink);
  }
};

TEST_F(JudgeEngineTest, S29_sends_temperature_and_token_limit) {
  config.temperature = 0.25;
  script.answers = {says(R"({"grade":"A"})")};
  engine()->ask(kQuestion);
  ASSERT_EQ(script.asked.size(), 1u);
  EXPECT_EQ(script.asked[0].sampling.temperature, 0.25);
  EXPECT_EQ(script.asked[0].reply_schema, kQuestion.schema_json);
  EXPECT_EQ(script.asked[0].sampling.max_tokens, 77);
  EXPECT_EQ(script.asked[0].model, "judge-model");
}

TEST_F(JudgeEngineTest, S30_retries_rate_limits_and_server_errors_with_growing_waits) {
  script.answers = {fails("http", 429), fails("http", 503), fails("timeout", 0), says(R"({"grade":"A"})")};
  const auto start = clock.now();
  EXPECT_EQ(engine()->ask(kQuestion).text, R"({"grade":"A"})");
  EXPECT_EQ(clock.now() - start, std::chrono::seconds(1 + 2 + 4));
}

TEST_F(JudgeEngineTest, does_not_repeat_what_stays_wrong) {
  script.answers = {fails("http", 401)};
  const auto reply = engine()->ask(kQuestion);
  EXPECT_FALSE(reply.text);
  EXPECT_NE(reply.error.find("no luck"), reply.error.npos);
  EXPECT_EQ(script.asked.size(), 1u);
}

TEST_F(JudgeEngineTest, S31_keeps_replies_over_a_restart_and_a_torn_line) {
  config.cache = folder / "judge.jsonl";
  script.answers = {says(R"({"grade":"A"})")};
  const auto first = engine()->ask(kQuestion);
  AppendFile(config.cache).append(R"({"key":"torn)");
  auto other = kQuestion;
  other.text = "And this?";
  script.answers = {says(R"({"grade":"B"})")};
  engine()->ask(other);
  auto again = engine();
  EXPECT_EQ(again->ask(kQuestion).text, first.text);
  EXPECT_TRUE(again->ask(other).cached);
  EXPECT_EQ(script.asked.size(), 2u);
}

TEST_F(JudgeEngineTest, asks_anew_when_the_rubric_or_the_sampling_changes) {
  config.cache = folder / "judge.jsonl";
  script.answers = {says(R"({"grade":"A"})"), says(R"({"grade":"B"})"), says(R"({"grade":"C"})")};
  engine()->ask(kQuestion);
  auto reworded = kQuestion;
  reworded.instructions = "You judge strictly.";
  EXPECT_FALSE(engine()->ask(reworded).cached);
  config.temperature = 1;
  EXPECT_FALSE(engine()->ask(kQuestion).cached);
}

TEST_F(JudgeEngineTest, a_rubric_of_the_user_stands_in_the_place_of_ours_and_has_its_own_name) {
  config.cache = folder / "judge.jsonl";
  script.answers = {says(R"({"grade":"A"})"), says(R"({"grade":"B"})")};
  engine()->ask(kQuestion);
  config.rubrics["simpleqa"] = "Be kind.";
  EXPECT_FALSE(engine()->ask(kQuestion).cached);
  EXPECT_EQ(script.asked[0].messages.front().content, "You judge. Reply so.");
  EXPECT_EQ(script.asked[1].messages.front().content, "Be kind. Reply so.");
  EXPECT_EQ(worded(config, "simpleqa/1"), "simpleqa/sha256:" + sha256_hex("Be kind.").substr(0, 12));
  EXPECT_EQ(worded(config, "frames/1"), "frames/1");
}

/// Answers with the question's own text, from any thread, slowly enough that calls overlap.
class Echoing final : public clients::Client {
 public:
  explicit Echoing(std::atomic<int>& most) : most_(most) {}
  clients::Description prepare(const std::string&) override { return {}; }
  clients::Response complete(const clients::Request& request, std::stop_token) override {
    const int now = ++at_once_;
    for (int seen = most_; now > seen && !most_.compare_exchange_weak(seen, now);) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --at_once_;
    return says(R"({"grade":")" + request.messages.back().content + "\"}");
  }

 private:
  std::atomic<int>& most_;
  std::atomic<int> at_once_ = 0;
};

std::string reply_to(JudgeEngine& engine, int n) {
  auto request = kQuestion;
  request.text = std::to_string(n);
  return engine.ask(request).text.value_or("");
}

TEST_F(JudgeEngineTest, many_threads_share_it_within_its_bound) {
  std::atomic<int> most = 0, wrong = 0;
  config.concurrency = 8;
  config.cache = folder / "judge.jsonl";
  const auto shared = make_judge(config, std::make_unique<Echoing>(most), clock);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 64; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 4; ++i)
          if (reply_to(*shared, 4 * t + i) != fmt::format(R"({{"grade":"{}"}})", 4 * t + i)) ++wrong;
      });
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(most, 8);
  EXPECT_GT(most, 1);
  EXPECT_EQ(shared->usage().judgements, 256);
}

TEST_F(JudgeEngineTest, two_processes_share_the_file_of_replies) {
  config.cache = folder / "judge.jsonl";
  std::filesystem::create_directories(folder);
  std::atomic<int> most = 0;
  const auto ask_all = [&](int first) {
    const auto mine = make_judge(config, std::make_unique<Echoing>(most), clock);
    for (int n = 0; n < 100; ++n) reply_to(*mine, first + n);
  };
  const pid_t child = ::fork();
  if (child == 0) {
    ask_all(0);
    ::_exit(0);
  }
  ask_all(100);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const auto after = make_judge(config, std::make_unique<Echoing>(most), clock);
  for (int n = 0; n < 200; ++n) EXPECT_EQ(reply_to(*after, n), fmt::format(R"({{"grade":"{}"}})", n));
  EXPECT_EQ(after->usage().cached, 200);
}

TEST_F(JudgeEngineTest, shows_the_fault_and_asks_once_more) {
  script.answers = {says("I think it is right."), says("```json\n{\"grade\":\"A\"}\n```")};
  EXPECT_EQ(engine()->ask(kQuestion).text, R"({"grade":"A"})");
  ASSERT_EQ(script.asked.size(), 2u);
  EXPECT_NE(script.asked[1].messages.back().content.find("no JSON object"), std::string::npos);
}

TEST_F(JudgeEngineTest, S32_nonsense_twice_is_an_error_that_is_not_kept) {
  script.answers = {says("yes"), says("yes"), says(R"({"grade":"A"})")};
  auto judge = engine();
  EXPECT_FALSE(judge->ask(kQuestion).text);
  EXPECT_TRUE(judge->ask(kQuestion).text);
}

TEST_F(JudgeEngineTest, counts_tokens_and_attempts_of_each_judgement) {
  struct Sink final : JudgeSink {
    std::vector<JudgeRecord> records;
    void judged(const JudgeRecord& record) override { records.push_back(record); }
  } sink;
  script.answers = {fails("http", 500), says(R"({"grade":"A"})")};
  auto judge = engine(&sink);
  judge->ask(kQuestion);
  judge->ask(kQuestion);
  ASSERT_EQ(sink.records.size(), 2u);
  EXPECT_EQ(sink.records[0].attempts, 2);
  EXPECT_EQ(sink.records[0].prompt_tokens, 10);
  EXPECT_EQ(sink.records[0].done - sink.records[0].sent, std::chrono::seconds(1));
  EXPECT_TRUE(sink.records[1].cached);
  EXPECT_EQ(judge->usage().completion_tokens, 3);
  EXPECT_EQ(judge->usage().cached, 1);
}

TEST(JudgeReply, S40_takes_the_object_not_everything_between_braces) {
  const auto schema = R"({"required":["correct"]})";
  EXPECT_EQ(*find_reply(R"(a {set} then {"correct":"no","why":"} \" {"} and {x})", schema),
            R"({"correct":"no","why":"} \" {"})");
  EXPECT_FALSE(find_reply(R"({"correct":"yes")", schema));
  EXPECT_FALSE(find_reply("TRUE", schema));
}

}  // namespace
}  // namespace ipw::execution
