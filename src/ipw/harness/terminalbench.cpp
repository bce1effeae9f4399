// SPDX-License-Identifier: Apache-2.0
// Terminal-Bench, version 1: terminal-bench 0.2.18, harness/harness.py.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/harness/factories.h"
#include "ipw/harness/services.h"
#include "ipw/harness/terminal_log.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLogs = "/logs";
constexpr const char* kAgentLogs = "/agent-logs";

/// What the file may ask for. The folders of logs on this machine are nothing: the place has its own.
ComposeFile services_of(const fs::path& folder, const std::string& task) {
  if (const auto file = folder / "docker-compose.yaml"; fs::exists(file))
    return read_compose(file, {{"T_BENCH_TASK_DOCKER_CLIENT_IMAGE_NAME", "ipw-task/" + image_name(task)},
                               {"T_BENCH_TASK_DOCKER_CLIENT_CONTAINER_NAME", image_name(task)},
                               {"T_BENCH_TASK_DOCKER_NAME_PREFIX", "ipw-task"},
                               {"T_BENCH_TEST_DIR", "/tests"},
                               {"T_BENCH_TASK_LOGS_PATH", ""},
                               {"T_BENCH_CONTAINER_LOGS_PATH", kLogs},
                               {"T_BENCH_TASK_AGENT_LOGS_PATH", ""},
                               {"T_BENCH_CONTAINER_AGENT_LOGS_PATH", kAgentLogs}});
  ComposeService plain;
  plain.name = "client";
  plain.context = folder;
  plain.environment["TEST_DIR"] = "/tests";
  return {{plain}};
}

class V1Trial final : public Trial {
 public:
  V1Trial(std::unique_ptr<Services> services, const Json& metadata)
      : services_(std::move(services)),
        container_(services_->client()),
        folder_(text_at(metadata, "task_path")),
        parser_(text_at(metadata, "parser")),
        wall_(number_at(metadata, "test_timeout_seconds", 60)),
        same_shell_(metadata.value("tests_in_same_shell", false)) {}

  sandbox::Workplace& place() override { return container_; }

  evaluation::Verdict verify(std::string_view, std::stop_token stop) override {
    return guarded([&] { return tested(stop); });
  }

 private:
  evaluation::Verdict tested(const std::stop_token& stop) {
    if (!fs::exists(folder_ / "run-tests.sh"))
      return unscored(fmt::format("{} does not exist", (folder_ / "run-tests.sh").string()));
    if (fs::is_directory(folder_ / "tests")) container_.copy_in(folder_ / "tests", "/tests");
    container_.copy_in(folder_ / "run-tests.sh", "/tests/run-tests.sh");
    const auto end = run_tests(stop);
    Json metadata = {
        {"harness", "terminal-bench 1"}, {"parser", parser_}, {"log_tail", tail(plain_text(end.output))}};
    if (same_shell_) metadata["tests_ran_in"] = shell_;
    if (end.late) {
      metadata["timeout"] = true;
      return unsolved(fmt::format("the tests did not end within the task's {:g} s", wall_.count()),
                      dump_json(metadata));
    }
    return judged(parse_terminal_log(parser_, end.output), std::move(metadata));
  }

  static evaluation::Verdict judged(const Result<TestResults, std::string>& results, Json metadata) {
    if (!results) return unscored(results.error(), dump_json(metadata));
    std::vector<std::string> failed;
    for (const auto& [test, good] : *results)
      if (!good) failed.push_back(test);
    metadata["tests"] = results->size();
    metadata["tests_failed"] = failed;
    evaluation::Verdict out;
    out.correct = failed.empty();
    out.metadata = dump_json(metadata);
    if (!failed.empty()) out.reason = fmt::format("{} of {} tests failed", failed.size(), results->size());
    return out;
  }

  /// As root in a shell of their own; or in the agent's shell, where the task asks for that and a session of
  /// tmux is still there to be found (defect S15).
  ScriptEnd run_tests(const std::stop_token& stop) {
    if (!same_shell_) return run_script(container_, "bash /tests/run-tests.sh", {wall_, stop, {}, "root"});
    constexpr int kNoSession = 97;
    auto end =
        run_script(container_,
                   "for s in \"${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)\"/*; do\n"
                   "  session=$(tmux -S \"$s\" list-sessions -F '#{session_name}' 2>/dev/null | head -n 1)\n"
                   "  [ -z \"$session\" ] || break\ndone\n"
                   "[ -n \"$session\" ] || exit 97\n"
                   "rm -rf /tmp/ipw-tests.log /tmp/ipw-tests.done\n"  // the agent may have written them
                   "tmux -S \"$s\" send-keys -t \"$session\" "
                   "'bash /tests/run-tests.sh > /tmp/ipw-tests.log 2>&1; touch /tmp/ipw-tests.done' Enter\n"
                   "until [ -e /tmp/ipw-tests.done ]; do sleep 0.2; done\ncat /tmp/ipw-tests.log",
                   {wall_, stop});
    shell_ = "the agent's session of tmux";
    if (end.late || end.exit_status != kNoSession) return end;
    shell_ = "a new login shell: the agent left none";
    return run_script(container_, "bash --login /tests/run-tests.sh", {wall_, stop});
  }

  std::unique_ptr<Services> services_;
  sandbox::Container& container_;
  fs::path folder_;
  std::string parser_, shell_;
  Seconds wall_;
  bool same_shell_;
};

class TerminalBench final : public Harness {
 public:
  explicit TerminalBench(std::shared_ptr<Images> images) : images_(std::move(images)) {}

  std::unique_ptr<Trial> open(const datasets::Question& question, std::stop_token stop) const override {
    const auto metadata = metadata_of(question);
    const auto folder = text_at(metadata, "task_path");
    if (folder.empty() || !fs::is_directory(folder))
      throw Error(ErrorCode::NotFound,
                  fmt::format("the folder of the task {} is not here: '{}'", question.id, folder),
                  "give the dataset terminalbench its folder: --dataset-param path=DIR");
    return text_at(metadata, "format") == "harbor" ? open_harbor(*images_, question, metadata, stop)
                                                   : open_v1(*images_, question, metadata, stop);
  }

 private:
  std::shared_ptr<Images> images_;
};

}  // namespace

std::unique_ptr<Trial> open_v1(Images& images, const datasets::Question& question, const Json& metadata,
                               const std::stop_token& stop) {
  auto services = std::make_unique<Services>(images, services_of(text_at(metadata, "task_path"), question.id),
                                             question.id, stop);
  const auto made = run_script(services->client(), fmt::format("mkdir -p {} {}", kLogs, kAgentLogs),
                               {Seconds(60), stop, {}, "root"});
  if (made.exit_status != 0)
    throw Error(ErrorCode::Unavailable,
                fmt::format("the container of {} cannot be used: {}", question.id, made.output));
  return std::make_unique<V1Trial>(std::move(services), metadata);
}

std::unique_ptr<Harness> make_terminalbench(std::shared_ptr<Images> images) {
  return std::make_unique<TerminalBench>(std::move(images));
}

}  // namespace ipw::harness
