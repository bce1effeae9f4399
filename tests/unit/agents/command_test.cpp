// SPDX-License-Identifier: Apache-2.0
// What a program is given, and what is made of its end.
#include "ipw/agents/command.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/sandbox/workplaces.h"

namespace ipw::agents {
namespace {

using ::testing::HasSubstr;

class NoTools final : public ToolWatch {
 public:
  std::int64_t begin(const std::string&, const std::string&) override { return 0; }
  void end(std::int64_t, const std::string&) override {}
};

class Command : public testing::Test {
 protected:
  Command()
      : folder_(std::filesystem::temp_directory_path() / ("ipw-command-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Command() override { std::filesystem::remove_all(folder_); }
  TaskEnd run(const std::string& kwargs, Seconds wall = Seconds(20)) {
    AgentOptions options{kwargs, {wall, 20}, "none"};
    NoTools tools;
    const auto place = sandbox::make_host_workplace({.folder = folder_});
    return make_command(options)->run({"q0007", "What is {key}?", folder_, place.get()},
                                      {"http://127.0.0.1:9/v1", "secret", "m"}, tools, {});
  }
  std::filesystem::path folder_;
};

TEST_F(Command, is_told_the_task_the_address_and_the_key) {
  const auto end = run(
      R"({"argv": ["sh", "-c", "echo \"$0\" $OPENAI_BASE_URL $OPENAI_API_KEY $ANTHROPIC_BASE_URL $IPW_MODEL $IPW_TASK_ID $MINE", "{prompt}"],
                           "env": {"MINE": "{model}!"}})");
  EXPECT_EQ(end.answer, "What is {key}? http://127.0.0.1:9/v1 secret http://127.0.0.1:9 m q0007 m!");
  EXPECT_FALSE(end.failure);
}

TEST_F(Command, reads_its_task_where_it_was_said) {
  EXPECT_EQ(run(R"({"argv": ["cat"], "prompt": "stdin"})").answer, "What is {key}?");
  EXPECT_EQ(run(R"({"argv": ["cat", "PROMPT.md"], "prompt": "file"})").answer, "What is {key}?");
  EXPECT_EQ(run(R"({"argv": ["sh", "-c", "echo $IPW_PROMPT"], "prompt": "environment"})").answer,
            "What is {key}?");
}

TEST_F(Command, may_leave_its_answer_in_a_file) {
  EXPECT_EQ(
      run(R"({"argv": ["sh", "-c", "echo noise; echo 42 >answer.txt"], "answer": "answer.txt"})").answer,
      "42");
  EXPECT_THAT(run(R"({"argv": ["true"], "answer": "none.txt"})").failure->message, HasSubstr("none.txt"));
}

TEST_F(Command, A11_failures_have_their_reason) {
  const auto failed = run(R"({"argv": ["sh", "-c", "echo so far; echo why >&2; exit 3"]})");
  EXPECT_EQ(failed.failure->kind, "agent");
  EXPECT_THAT(failed.failure->message, HasSubstr("status 3: why"));
  EXPECT_EQ(failed.answer, "so far");
  EXPECT_EQ(run(R"({"argv": ["sleep", "20"]})", Seconds(0.2)).failure->kind, "timeout");
  EXPECT_THAT(run(R"({"argv": ["/no/such/program"]})").failure->message, HasSubstr("/no/such/program"));
  EXPECT_THAT(run(R"({"argv": ["yes"]})").failure->message, HasSubstr("printed more than"));
}

TEST_F(Command, says_what_is_wrong_with_its_arguments) {
  for (const auto* kwargs : {"{}", R"({"argv": []})", R"({"argv": [1]})",
                             R"({"argv": ["a"], "prompt": "post"})", R"({"argv": ["a"], "env": {"A": 1}})"})
    EXPECT_THROW(run(kwargs), Error) << kwargs;
}

}  // namespace
}  // namespace ipw::agents
