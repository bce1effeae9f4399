// SPDX-License-Identifier: Apache-2.0
// How well-known agents are started, with programs that only write down what they were told.
#include "ipw/agents/presets.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "support/local_place.h"

namespace ipw::agents {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class NoTools final : public ToolWatch {
 public:
  std::int64_t begin(const std::string&, const std::string&) override { return 0; }
  void end(std::int64_t, const std::string&, const std::string&) override {}
};

class Presets : public testing::Test {
 protected:
  TaskEnd run(const Json& kwargs) {
    Task task{"q0001", "Mend \"it\" for $HOME.", place_.folder()};
    task.place = &place_;
    NoTools tools;
    return make_mini_swe_agent({dump_json(kwargs), {Seconds(20), 20}, "none"})
        ->run(task, {"http://127.0.0.1:9/v1", "secret", "org/m"}, tools, {});
  }
  /// A program at this path that runs a script.
  std::string program(const std::string& script) const {
    const auto path = fs::path(place_.folder()) / "mini";
    write_file_atomic(path, "#!/bin/sh\n" + script);
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }
  sandbox::LocalPlace place_{"presets"};
};

TEST_F(Presets, mini_swe_agent_is_told_the_task_and_its_submission_is_the_answer) {
  const auto path = program(
      "echo noise; printf '%s\\n' \"$@\" >args; echo $OPENAI_BASE_URL $OPENAI_API_KEY $MSWEA_CONFIGURED "
      ">env\n"
      "echo '{\"info\": {\"submission\": \"a patch\"}}' >run.traj.json");
  const auto end = run({{"program", path}, {"args", {"-c", "my file.yaml"}}});
  EXPECT_FALSE(end.failure) << end.failure->message;
  EXPECT_EQ(end.answer, "a patch");
  EXPECT_EQ(read_file(fs::path(place_.folder()) / "args"),
            "-t\nMend \"it\" for $HOME.\n-m\nopenai/org/m\n-y\n--exit-immediately\n-l\n0\n-o\nrun.traj.json\n"
            "-c\nmy file.yaml\n");
  EXPECT_EQ(read_file(fs::path(place_.folder()) / "env"), "http://127.0.0.1:9/v1 secret true\n");
}

TEST_F(Presets, mini_swe_agent_s_failures_are_its_own_words) {
  const auto end = run({{"program", program("echo no luck >&2; exit 4")}});
  EXPECT_THAT(end.failure->message, HasSubstr("status 4: no luck"));
}

TEST_F(Presets, a_program_that_is_missing_fails_with_the_command_that_installs_it) {
  const auto end = run({{"program", "no-such-mini"}});
  EXPECT_THAT(end.failure->message, HasSubstr("no-such-mini is not there"));
  EXPECT_THAT(end.failure->message, HasSubstr("pip install 'mini-swe-agent==2.*'"));
}

TEST_F(Presets, openhands_is_told_the_model_and_its_last_message_is_the_answer) {
  const auto path = program(
      "echo $LLM_MODEL $LLM_BASE_URL $LLM_API_KEY \"$@\" >args; echo 'starting'\n"
      "echo '{\"source\": \"user\", \"llm_message\": {\"content\": [{\"text\": \"the task\"}]}}'\n"
      "echo '{\"source\": \"agent\", \"llm_message\": {\"content\": [{\"text\": \"on it\"}]}}'\n"
      "echo '{\"source\": \"agent\", \"action\": {\"kind\": \"FinishAction\", \"message\": \"it is "
      "mended\"}}'");
  Task task{"q0001", "Mend it.", place_.folder(), &place_};
  NoTools tools;
  const auto end = make_openhands({dump_json({{"program", path}}), {Seconds(20), 20}, "none"})
                       ->run(task, {"http://127.0.0.1:9/v1", "secret", "org/m"}, tools, {});
  EXPECT_FALSE(end.failure) << end.failure->message;
  EXPECT_EQ(end.answer, "it is mended");
  EXPECT_EQ(read_file(fs::path(place_.folder()) / "args"),
            "openai/org/m http://127.0.0.1:9/v1 secret --headless --json --override-with-envs -t Mend it.\n");
}

TEST_F(Presets, say_what_is_wrong_with_their_arguments) {
  for (const auto* kwargs :
       {R"({"argv": ["a"]})", R"({"args": "a"})", R"({"args": [1]})", R"({"env": {"A": 1}})"})
    EXPECT_THROW(run(*parse_json(kwargs)), Error) << kwargs;
}

}  // namespace
}  // namespace ipw::agents
