// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/harness/factories.h"
#include "unit/harness/scripted_engine.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

const std::string kGood = "=== short test summary info ===\nPASSED t.py::test_a\n";

class TerminalTrial : public testing::Test {
 protected:
  TerminalTrial()
      : folder_(fs::path(testing::TempDir()) /
                ("trial-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    make_directories(folder_ / "tests");
    make_directories(folder_ / "environment");
    for (const auto* name : {"run-tests.sh", "Dockerfile", "tests/test.sh", "environment/Dockerfile"})
      write_file_atomic(folder_ / name, "x");
  }
  ~TerminalTrial() override { fs::remove_all(folder_); }

  datasets::Question question(Json metadata = {{"format", "v1"}, {"parser", "pytest"}}) const {
    metadata["task_path"] = folder_.string();
    datasets::Question out;
    out.id = "Task_1";
    out.metadata = dump_json(metadata);
    return out;
  }
  evaluation::Verdict verdict(const datasets::Question& q) const {
    return make_terminalbench(images_of(engine_))->open(q, {})->verify("", {});
  }
  std::string trouble(const datasets::Question& q) const {
    try {
      make_terminalbench(images_of(engine_))->open(q, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "opened";
  }
  datasets::Question harbor(const std::string& toml) const {
    write_file_atomic(folder_ / "task.toml", toml);
    return question({{"format", "harbor"}});
  }

  fs::path folder_;
  std::shared_ptr<ScriptedEngine> engine_ = std::make_shared<ScriptedEngine>();
};

TEST_F(TerminalTrial, is_resolved_when_all_tests_pass) {
  engine_->replies = {reply("run-tests.sh", kGood)};
  EXPECT_EQ(verdict(question()).correct, true);
  EXPECT_THAT(engine_->log, Contains("build Dockerfile"));
  EXPECT_THAT(engine_->log, Contains("copy tests /tests"));
  EXPECT_THAT(engine_->log, Contains("copy run-tests.sh /tests/run-tests.sh"));
  EXPECT_THAT(engine_->log, Contains(testing::StartsWith("root: exec 2>&1\nbash /tests/run-tests.sh")));
  EXPECT_EQ(engine_->running, 0);
}
TEST_F(TerminalTrial, is_not_resolved_when_a_test_fails) {
  engine_->replies = {reply("run-tests.sh", kGood + "FAILED t.py::test_b - no\n", 1)};
  const auto v = verdict(question());
  EXPECT_EQ(v.correct, false);
  EXPECT_EQ(v.reason, "1 of 2 tests failed");
  EXPECT_EQ(Json::parse(v.metadata)["tests_failed"], Json({"test_b"}));
}
TEST_F(TerminalTrial, S12_without_any_test_is_unscored) {
  engine_->replies = {reply("run-tests.sh", "bash: pytest: command not found\n", 127)};
  EXPECT_FALSE(verdict(question()).correct);
}
TEST_F(TerminalTrial, S15_a_place_that_fails_is_unscored) {
  engine_->dies_after = 1;
  const auto v = verdict(question());
  EXPECT_FALSE(v.correct);
  EXPECT_EQ(v.reason, "harness error: the container has ended");
}
TEST_F(TerminalTrial, tests_that_take_too_long_are_not_resolved) {
  engine_->replies = {{"run-tests.sh", {{}, "half", {}, "wall", {}}}};
  const auto v = verdict(question());
  EXPECT_EQ(v.correct, false);
  EXPECT_TRUE(Json::parse(v.metadata)["timeout"].get<bool>());
}
TEST_F(TerminalTrial, S15_uses_the_agent_s_own_shell_where_there_is_one) {
  const auto same = question({{"format", "v1"}, {"parser", "pytest"}, {"tests_in_same_shell", true}});
  engine_->replies = {reply("tmux", kGood)};
  auto v = verdict(same);
  EXPECT_EQ(v.correct, true);
  EXPECT_EQ(Json::parse(v.metadata)["tests_ran_in"], "the agent's session of tmux");
  engine_->replies = {reply("tmux", "", 97), reply("bash --login", kGood)};
  v = verdict(same);
  EXPECT_EQ(v.correct, true);
  EXPECT_THAT(Json::parse(v.metadata)["tests_ran_in"].get<std::string>(), HasSubstr("login shell"));
}
TEST_F(TerminalTrial, the_same_folder_is_built_once_and_a_changed_one_anew) {
  const auto harness = make_terminalbench(images_of(engine_));
  const auto builds = [&] { return std::ranges::count(engine_->log, "build Dockerfile"); };
  harness->open(question(), {});
  harness->open(question(), {});
  EXPECT_EQ(builds(), 1);
  write_file_atomic(folder_ / "Dockerfile", "y");
  harness->open(question(), {});
  EXPECT_EQ(builds(), 2);
}
TEST_F(TerminalTrial, a_build_sees_what_the_ignore_file_leaves) {
  const auto harness = make_terminalbench(images_of(engine_));
  write_file_atomic(folder_ / ".dockerignore", "tests\nenvironment\n");
  harness->open(question(), {});
  EXPECT_THAT(engine_->built, testing::ElementsAre(".dockerignore", "Dockerfile", "run-tests.sh"));
  write_file_atomic(folder_ / "tests/test.sh", "changed, and of no matter for the image");
  harness->open(question(), {});
  EXPECT_EQ(std::ranges::count(engine_->log, "build Dockerfile"), 1);
}
TEST_F(TerminalTrial, S11_a_missing_image_says_which) {
  write_file_atomic(folder_ / "docker-compose.yaml", "services: {client: {image: 'nobody/has:1'}}");
  EXPECT_THAT(trouble(question()), HasSubstr("nobody/has:1 is not here"));
}
TEST_F(TerminalTrial, a_missing_folder_is_said) {
  datasets::Question q;
  q.id = "t";
  q.metadata = R"({"task_path": "/no/such/task"})";
  EXPECT_THAT(trouble(q), HasSubstr("/no/such/task"));
}

class SeveralServices : public TerminalTrial {
 protected:
  SeveralServices() {
    write_file_atomic(folder_ / "conf", "x");
    write_file_atomic(folder_ / "docker-compose.yaml", R"(services:
  client: {build: ., command: [sleep, infinity], depends_on: {db: {condition: service_healthy}}, volumes: ['both:/both']}
  db:
    image: "db:1"
    command: [serve]
    hostname: store
    volumes: ['both:/data', './conf:/etc/conf']
    healthcheck: {test: [CMD, is-ready], interval: 5s, retries: 2}
volumes: {both: }
)");
    engine_->images = {"db:1"};
  }
};

TEST_F(SeveralServices, share_a_network_of_their_own_and_know_each_other_by_name) {
  engine_->replies = {reply("run-tests.sh", kGood)};
  const auto trial = make_terminalbench(images_of(engine_))->open(question(), {});
  ASSERT_EQ(engine_->requests.size(), 2U);
  const auto& db = engine_->requests[0];
  const auto& client = engine_->requests[1];
  EXPECT_EQ(db.joins, "network1");
  EXPECT_EQ(client.joins, "network1");
  EXPECT_FALSE(db.network || client.network);
  EXPECT_THAT(db.names, testing::ElementsAre("db", "store"));
  EXPECT_EQ(client.hosts, (std::map<std::string, std::string>{{"db", "10.0.0.1"}, {"store", "10.0.0.1"}}));
  EXPECT_TRUE(db.own_program);
  EXPECT_THAT(db.command, testing::ElementsAre("serve"));
  EXPECT_FALSE(client.own_program);
  EXPECT_THAT(client.hold, testing::ElementsAre("sleep", "infinity"));
  EXPECT_EQ(db.volumes.at(0).name, "volume1");
  EXPECT_EQ(client.volumes.at(0).name, "volume1");
  EXPECT_THAT(engine_->log, Contains("copy conf /etc/conf"));
  EXPECT_EQ(trial->verify("", {}).correct, true);
}
TEST_F(SeveralServices, are_all_gone_afterwards) {
  make_terminalbench(images_of(engine_))->open(question(), {});
  EXPECT_EQ(engine_->running + engine_->networks + engine_->volumes, 0);
}
TEST_F(SeveralServices, wait_for_the_health_of_those_they_need) {
  engine_->replies = {reply("is-ready", "refused", 1)};
  EXPECT_THAT(trouble(question()), testing::AllOf(HasSubstr("service 'db'"), HasSubstr("refused")));
  EXPECT_EQ(std::ranges::count(engine_->log, "is-ready"), 11);  // each second of 2 times 5 s
  EXPECT_THAT(engine_->log, testing::Not(Contains(testing::StartsWith("start ipw-task/"))));
  EXPECT_EQ(engine_->running + engine_->networks + engine_->volumes, 0);
}
TEST_F(SeveralServices, S11_a_missing_image_is_said_before_any_starts) {
  engine_->images.clear();
  EXPECT_THAT(trouble(question()), HasSubstr("db:1 is not here"));
  EXPECT_TRUE(engine_->requests.empty());
}

TEST_F(TerminalTrial, S14_of_harbor_is_judged_by_its_reward) {
  const auto q = harbor("[environment]\ncpus = 2\nmemory = '2G'\n[verifier]\ntimeout_sec = 5\n");
  engine_->files["/logs/verifier/reward.txt"] = "1";
  EXPECT_EQ(verdict(q).correct, true);
  EXPECT_THAT(engine_->log, Contains(HasSubstr("rm -f -- /logs/verifier/reward.txt")));
  engine_->files["/logs/verifier/reward.json"] = R"({"reward": 0.5})";
  EXPECT_EQ(verdict(q).score, 0.5);
  engine_->files.clear();
  const auto none = verdict(q);
  EXPECT_FALSE(none.correct);
  EXPECT_THAT(none.reason, HasSubstr("neither"));
  engine_->replies = {{"/tests/test.sh", {{}, "", {}, "wall", {}}}};
  EXPECT_FALSE(verdict(q).correct);
  EXPECT_EQ(engine_->running, 0);
}
TEST_F(TerminalTrial, of_harbor_waits_for_its_health) {
  const auto q =
      harbor("[environment.healthcheck]\ncommand = 'curl localhost'\nretries = 2\ninterval_sec = 1\n");
  engine_->replies = {reply("curl", "refused", 7)};
  EXPECT_THAT(trouble(q), HasSubstr("curl localhost"));
  EXPECT_EQ(std::ranges::count(engine_->log, "curl localhost"), 2);
  EXPECT_EQ(engine_->running, 0);
}
TEST_F(TerminalTrial, of_harbor_refuses_what_cannot_be_done_here) {
  for (const auto& [toml, what] : std::vector<std::pair<std::string, std::string>>{
           {"[environment]\ngpus = 1", "GPUs"},
           {"[environment]\nos = 'windows'", "Linux"},
           {"[environment]\nnetwork_mode = 'allowlist'", "allowlist"},
           {"[environment.env]\nKEY = '${SECRET}'", "KEY"},
           {"[verifier]\nenvironment_mode = 'separate'", "verifier's own"},
           {"[[steps]]\nname = 'a'", "several steps"},
           {"[environment", "line 1"}})
    EXPECT_THAT(trouble(harbor(toml)), HasSubstr(what)) << toml;
  EXPECT_EQ(trouble(harbor("[environment.env]\nKEY = '${NAME:-given}'")), "opened");
}

}  // namespace
}  // namespace ipw::harness
