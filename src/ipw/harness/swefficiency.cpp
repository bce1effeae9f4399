// SPDX-License-Identifier: Apache-2.0
// SWEfficiency: swefficiency/harness/run_validation.py and scripts/eval/get_report.py, commit fa356b7.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/harness/factories.h"
#include "ipw/harness/patch.h"
#include "ipw/harness/patch_trial.h"
#include "ipw/harness/speedup.h"

namespace ipw::harness {
namespace {

constexpr const char* kWorkload = "/tmp/workload.py";
constexpr const char* kRunner = "/tmp/ipw_run_workload.py";
/// Instances that the benchmark does not isolate, for their memory or since they do it themselves.
constexpr std::array<std::string_view, 4> kNotIsolated = {
    "pydata__xarray-9808", "scikit-learn__scikit-learn-15615", "scikit-learn__scikit-learn-24856",
    "scikit-learn__scikit-learn-29330"};
constexpr std::string_view kMayLookAtFrames = "pandas-dev__pandas-45247";

struct Task {
  std::string id, image, folder, repository, version, base_commit, expert_patch, workload, test_cmd,
      rebuild_cmd;
  std::vector<std::string> covering_tests, single_thread_tests, pass_to_pass;
  Seconds wall{7200};
  LogParser parser = nullptr;
};

Task task_of(const datasets::Question& question) {
  const auto m = metadata_of(question);
  Task task;
  task.id = question.id;
  task.repository = text_at(m, "repo");
  task.version = text_at(m, "version");
  task.base_commit = text_at(m, "base_commit");
  task.expert_patch = question.answer;
  task.workload = text_at(m, "workload");
  task.test_cmd = text_at(m, "test_cmd");
  task.rebuild_cmd = text_at(m, "rebuild_cmd");
  task.covering_tests = texts_at(m, "covering_tests");
  task.single_thread_tests = texts_at(m, "single_thread_tests");
  task.pass_to_pass = texts_at(m, "pass_to_pass");
  task.wall = Seconds(number_at(m, "test_timeout_seconds", 7200));
  task.image = text_at(m, "image_name");
  if (task.image.empty()) task.image = "ghcr.io/swefficiency/swefficiency-images:" + question.id;
  task.folder = text_at(m, "workdir");
  if (task.folder.empty()) task.folder = "/testbed";
  task.parser = swefficiency_parser(task.repository);
  if (const auto named = text_at(m, "log_parser"); !named.empty()) task.parser = swebench_parser(named);
  for (const auto& [what, missing] : {std::pair("base_commit", task.base_commit.empty()),
                                      {"workload", trim(task.workload).empty()},
                                      {"test_cmd", task.test_cmd.empty()},
                                      {"covering_tests", task.covering_tests.empty()},
                                      {"PASS_TO_PASS", task.pass_to_pass.empty()},
                                      {"patch of the expert", trim(task.expert_patch).empty()},
                                      {"repository whose logs can be read here", task.parser == nullptr}})
    if (missing) throw Error(ErrorCode::Format, fmt::format("{} has no {}", question.id, what));
  return task;
}

/// The benchmark gives 4 processors and 32 GB.
sandbox::ContainerRequest request_of(const Task& task) {
  auto request = repository_request(task.image, task.folder);
  request.limits.cpus = std::min(4U, std::max(1U, std::thread::hardware_concurrency()));
  request.limits.memory_bytes = std::uint64_t{32} << 30;
  return request;
}

std::string begin_of(const Task& task, const char* flags) {
  return fmt::format(
      "#!/bin/bash\nset {}\n"
      "if [ -f /opt/miniconda3/bin/activate ]; then\n"
      "  source /opt/miniconda3/bin/activate && conda activate testbed\nfi\n"
      "cd {}\ngit config --global --add safe.directory {}\n{}\n",
      flags, shell_word(task.folder), shell_word(task.folder), task.rebuild_cmd);
}

std::string workload_script(const Task& task) {
  const bool alone = std::ranges::find(kNotIsolated, task.id) == kNotIsolated.end();
  return begin_of(task, "-eo pipefail") + "echo PERF_START:\n" +
         (alone ? fmt::format("python {} {}\n", kRunner, kWorkload) : fmt::format("python {}\n", kWorkload)) +
         "echo PERF_END:\n";
}

/// "tests/a/test_b.py" as the test command wants it.
std::string directive(const Task& task, std::string file) {
  constexpr std::array<std::string_view, 4> kByModule = {"0.16", "0.17", "0.18", "0.19"};
  const bool old_scipy =
      task.repository == "scipy/scipy" && std::ranges::find(kByModule, task.version) != kByModule.end();
  if (!old_scipy) return file;
  if (const auto end = file.find(".py"); end != std::string::npos) file.erase(end, 3);
  return replace_all(file, "/", ".");
}

bool is_test_file(std::string_view path) {
  const auto name = to_lower_ascii(path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1));
  return (name.starts_with("test") && name.ends_with(".py")) || name.ends_with("_test.py");
}

/// Each file of tests by itself, again when the runner itself has failed. What stands on standard error is no
/// part of the log.
std::string tests_script(const Task& task) {
  std::string out = begin_of(task, "-o pipefail");
  for (const auto& file : task.covering_tests)
    out += fmt::format(
        "if git ls-files --error-unmatch --cached --deleted -- {0} >/dev/null 2>&1 && "
        "git ls-tree -r --name-only {1} -- {0} | grep -q .; then\n"
        "  git checkout {1} -- {0} || exit 95\nfi\n",
        shell_word(file), shell_word(task.base_commit));
  for (const auto& file : task.covering_tests) {
    if (!is_test_file(file)) continue;
    const bool single = std::ranges::find(task.single_thread_tests, file) != task.single_thread_tests.end();
    out += fmt::format(
        "for try in 1 2 3; do\n  {}{} {} > /tmp/ipw-tests.log 2>/dev/null && break\n"
        "  [ $? -le 1 ] && break\ndone\necho {}\ncat /tmp/ipw-tests.log\n",
        single ? "PYTHONHASHSEED=0 " : "", task.test_cmd, shell_word(directive(task, file)),
        shell_word(std::string(kTestFileMarker) + file));
  }
  return out + "echo; echo '>>>>> End Test Output'\n";
}

/// A container with the workload in it.
class Bench {
 public:
  Bench(std::unique_ptr<sandbox::Container> container, const Task& task, const std::stop_token& stop)
      : task_(task), container_(std::move(container)), stop_(stop) {
    write_text(*container_, kWorkload, task.workload, stop);
    write_text(*container_, kRunner, std::string(isolated_workload_runner()), stop);
    write_text(*container_, "/perf.sh", workload_script(task), stop);
    write_text(*container_, "/correctness.sh", tests_script(task), stop);
  }

  /// The workload's time, or why there is none.
  Result<Runtime, std::string> time() {
    const auto end = run_script(*container_, "/bin/bash /perf.sh", {task_.wall, stop_});
    if (end.late)
      return Unexpected(fmt::format("the workload did not end within {:g} s", task_.wall.count()));
    if (end.exit_status != 0)
      return Unexpected(
          fmt::format("the workload ended with status {}: {}", end.exit_status, tail(end.output, 500)));
    if (const auto runtime = runtime_of(end.output)) return *runtime;
    return Unexpected(std::string("the workload printed no 'Mean:' and 'Std Dev:'"));
  }
  Applied apply(const std::string& patch) {
    return apply_by_files(*container_, task_.folder, task_.base_commit, patch, stop_);
  }
  ScriptEnd tests() { return run_script(*container_, "/bin/bash /correctness.sh", {task_.wall, stop_}); }

 private:
  const Task& task_;
  std::unique_ptr<sandbox::Container> container_;
  std::stop_token stop_;
};

Json to_json(const Speedup& s) {
  return {{"before_seconds", s.before.mean},
          {"before_deviation", s.before.deviation},
          {"after_seconds", s.after.mean},
          {"after_deviation", s.after.deviation},
          {"speedup", s.ratio()}};
}

/// What a patch is worth: why it counts as no speed-up, or the speed-up.
struct Worth {
  std::string fault;
  std::optional<Speedup> speedup;
  Json about = Json::object();
};

class SpeedTrial final : public PatchTrial {
 public:
  SpeedTrial(std::shared_ptr<Images> images, Task task, const std::stop_token& stop)
      : PatchTrial(std::move(images), request_of(task), stop), task_(std::move(task)) {}

 private:
  evaluation::Verdict judge(const TakenPatch& taken, const std::stop_token& stop) override {
    end_agent();  // what has been left running there would slow the measurement
    const auto expert = expert_speedup(stop);
    const auto worth = worth_of(taken, stop);
    Json metadata = worth.about;
    metadata["harness"] = "swefficiency";
    metadata["patch_source"] = taken.source;
    metadata["patch_note"] = taken.note;
    metadata["expert"] = to_json(expert);
    if (worth.speedup) metadata["model"] = to_json(*worth.speedup);
    metadata["correctness"] = worth.fault.empty();
    const double speedup = worth.fault.empty() ? worth.speedup->ratio() : 1;
    metadata["speedup"] = speedup;
    metadata["speedup_ratio"] = speedup / expert.ratio();
    evaluation::Verdict out;
    out.correct = worth.fault.empty() && worth.speedup->is_faster();
    out.reason = !worth.fault.empty() ? worth.fault
                 : *out.correct       ? ""
                                      : "the workload has not become faster";
    out.score = std::min(1.0, speedup / expert.ratio());
    out.metadata = dump_json(metadata);
    return out;
  }

  /// Measured here and now: the ratio of two speed-ups of one machine. Throws Error where it cannot be had.
  Speedup expert_speedup(const std::stop_token& stop) {
    Bench bench(fresh(), task_, stop);
    const auto before = bench.time();
    if (!before) throw Error(ErrorCode::Unavailable, "before any change " + before.error());
    if (const auto applied = bench.apply(task_.expert_patch); !applied.good)
      throw Error(ErrorCode::Unavailable, "the expert's patch does not apply: " + tail(applied.log, 500));
    const auto after = bench.time();
    if (!after) throw Error(ErrorCode::Unavailable, "with the expert's patch " + after.error());
    return {*before, *after};
  }

  Worth worth_of(const TakenPatch& taken, const std::stop_token& stop) {
    Worth out;
    if (trim(taken.text).empty()) {
      out.fault = "no patch";
      return out;
    }
    Bench bench(fresh(), task_, stop);
    const auto before = bench.time();
    if (!before) throw Error(ErrorCode::Unavailable, "before any change " + before.error());
    if (const auto applied = bench.apply(taken.text); !applied.good) {
      out.about["log_tail"] = tail(applied.log);
      out.fault = "the patch does not apply";
      return out;
    }
    const auto after = bench.time();
    if (!after) {
      out.fault = after.error();
      return out;
    }
    out.speedup = Speedup{*before, *after};
    if (const auto use = introspection_in(taken.text); !use.empty() && task_.id != kMayLookAtFrames)
      out.fault = fmt::format("the patch looks at its callers: {}", use);
    else
      run_tests(bench, out);
    return out;
  }

  void run_tests(Bench& bench, Worth& out) const {
    const auto end = bench.tests();
    if (end.late) {
      out.about["timeout"] = true;
      out.fault = fmt::format("the tests did not end within {:g} s", task_.wall.count());
      return;
    }
    if (end.output.find(">>>>> End Test Output") == std::string::npos)
      throw Error(ErrorCode::Unavailable,
                  "the script of the tests did not come to its end: " + tail(end.output, 500));
    const auto statuses = statuses_by_file(end.output, task_.parser);
    const auto failed = not_passed(task_.pass_to_pass, statuses);
    out.about["pass_to_pass"] = {{"tests", task_.pass_to_pass.size()}, {"failed", failed}};
    out.about["log_tail"] = tail(end.output);
    if (!failed.empty())
      out.fault = fmt::format("{} of {} PASS_TO_PASS failed", failed.size(), task_.pass_to_pass.size());
  }

  Task task_;
};

class Swefficiency final : public Harness {
 public:
  explicit Swefficiency(std::shared_ptr<Images> images) : images_(std::move(images)) {}

  std::unique_ptr<Trial> open(const datasets::Question& question, std::stop_token stop) const override {
    return std::make_unique<SpeedTrial>(images_, task_of(question), stop);
  }

 private:
  std::shared_ptr<Images> images_;
};

}  // namespace

std::unique_ptr<Harness> make_swefficiency(std::shared_ptr<Images> images) {
  return std::make_unique<Swefficiency>(std::move(images));
}

}  // namespace ipw::harness
