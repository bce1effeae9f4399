// SPDX-License-Identifier: Apache-2.0
// SWE-bench: the official procedure of release 5.0.2 (swebench/harness/run_evaluation.py, grading.py) for
// images that are built already.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/harness/factories.h"
#include "ipw/harness/patch_trial.h"
#include "ipw/harness/swe_log.h"
#include "ipw/harness/swe_script.h"

namespace ipw::harness {
namespace {

struct Task {
  std::string id, image, folder, repository, base_commit, test_patch;
  std::string script, log_parser;
  SweTests tests;
  Seconds wall{1800};
};

std::string first_of(std::initializer_list<std::string> texts) {
  for (const auto& text : texts)
    if (!text.empty()) return text;
  return {};
}

std::string image_of(const std::string& id, const Json& metadata) {
  return first_of({text_at(metadata, "image"), fmt::format("swebench/sweb.eval.x86_64.{}:latest",
                                                           replace_all(to_lower_ascii(id), "__", "_1776_"))});
}

/// The script of the data itself, or a command of its own, or the recipe of the repository's version.
void set_script(Task& task, const Json& metadata, const std::filesystem::path& data) {
  task.log_parser = first_of({text_at(metadata, "log_parser"), task.repository});
  if (const auto script = text_at(metadata, "eval_script"); !script.empty()) {
    task.script = with_exit_code(script);
    return;
  }
  SweRecipe recipe;
  if (const auto command = text_at(metadata, "test_cmd"); !command.empty()) {
    recipe.test_cmd = command;
    recipe.whole = true;
    recipe.conda = metadata.value("conda", false);
    if (swebench_parser(task.log_parser) == nullptr) task.log_parser = "parse_log_pytest";
  } else {
    recipe = recipe_of(data, task.repository, text_at(metadata, "version"));
    task.log_parser = first_of({text_at(metadata, "log_parser"), recipe.log_parser});
  }
  task.script = evaluation_script(recipe, {task.repository, task.base_commit, task.test_patch, task.folder});
}

std::vector<std::string> tests_at(const Json& metadata, const char* lower, const char* upper) {
  auto out = texts_at(metadata, lower);
  return out.empty() ? texts_at(metadata, upper) : out;
}

Task task_of(const datasets::Question& question, const std::filesystem::path& data) {
  const auto metadata = metadata_of(question);
  Task task;
  task.id = question.id;
  task.repository = text_at(metadata, "repo");
  task.base_commit = text_at(metadata, "base_commit");
  task.test_patch = text_at(metadata, "test_patch");
  task.image = image_of(question.id, metadata);
  task.folder = first_of({text_at(metadata, "workdir"), "/testbed"});
  task.wall = Seconds(number_at(metadata, "test_timeout_seconds", 1800));
  task.tests = {tests_at(metadata, "fail_to_pass", "FAIL_TO_PASS"),
                tests_at(metadata, "pass_to_pass", "PASS_TO_PASS"),
                text_at(metadata, "eval_type") == "fail_only"};
  if (task.base_commit.empty() || (task.tests.fail_to_pass.empty() && task.tests.pass_to_pass.empty()))
    throw Error(ErrorCode::Format, fmt::format("{} names no base_commit or no tests", question.id));
  set_script(task, metadata, data);
  if (swebench_parser(task.log_parser) == nullptr)
    throw Error(ErrorCode::NotFound, fmt::format("nothing here reads logs of '{}'", task.log_parser),
                "the parsers of SWE-bench's Python repositories are there, those of other languages are not");
  return task;
}

class SweTrial final : public PatchTrial {
 public:
  SweTrial(std::shared_ptr<Images> images, Task task, const std::stop_token& stop)
      : PatchTrial(std::move(images), repository_request(task.image, task.folder), stop),
        task_(std::move(task)) {}

 private:
  evaluation::Verdict judge(const TakenPatch& taken, const std::stop_token& stop) override {
    Json metadata = {{"harness", "swe-bench 5.0.2"},
                     {"patch_source", taken.source},
                     {"patch_note", taken.note},
                     {"image", task_.image}};
    if (trim(taken.text).empty()) return unsolved("no patch", dump_json(metadata));
    return evaluated(taken, std::move(metadata), stop);
  }

  evaluation::Verdict evaluated(const TakenPatch& taken, Json metadata, const std::stop_token& stop) {
    const auto place = fresh();
    const auto applied = apply_patch(*place, task_.folder, taken.text, stop);
    if (!applied.good) {
      metadata["log_tail"] = tail(applied.log);
      // What git has made of the same commit must fit it; what a model has written need not.
      if (taken.source == "workspace")
        return unscored("the workspace's own diff does not apply", dump_json(metadata));
      return unsolved("the patch does not apply", dump_json(metadata));
    }
    write_text(*place, kTestPatchFile, task_.test_patch, stop);
    write_text(*place, "/eval.sh", task_.script, stop);
    const auto end = run_script(*place, "/bin/bash /eval.sh", {task_.wall, stop});
    metadata["log_tail"] = tail(end.output);
    if (end.late) {
      metadata["timeout"] = true;
      return unsolved(fmt::format("the tests did not end within {:g} s", task_.wall.count()),
                      dump_json(metadata));
    }
    return judged(end.output, std::move(metadata));
  }

  evaluation::Verdict judged(const std::string& text, Json metadata) const {
    // Only at the beginning of a line: the trace of the shell has it behind "+ ".
    if (text.find("\n>>>>> Test Patch Failed") != std::string::npos)
      return unscored("the benchmark's tests cannot be put into the repository", dump_json(metadata));
    const auto log = read_swe_log(text, swebench_parser(task_.log_parser));
    if (!log.unfinished.empty()) return unscored(log.unfinished, dump_json(metadata));
    if (!log.invalid.empty()) return unsolved(log.invalid, dump_json(metadata));
    const auto grade = grade_swe(task_.tests, log.tests);
    const auto count = [](const auto& all, const auto& failed) {
      return Json{{"tests", all.size()}, {"failed", failed}};
    };
    metadata["fail_to_pass"] = count(task_.tests.fail_to_pass, grade.fail_to_pass_failed);
    metadata["pass_to_pass"] = count(task_.tests.pass_to_pass, grade.pass_to_pass_failed);
    if (!grade.resolved())
      return unsolved(fmt::format("{} of {} FAIL_TO_PASS and {} of {} PASS_TO_PASS failed",
                                  grade.fail_to_pass_failed.size(), task_.tests.fail_to_pass.size(),
                                  grade.pass_to_pass_failed.size(), task_.tests.pass_to_pass.size()),
                      dump_json(metadata));
    evaluation::Verdict out;
    out.correct = true;
    out.metadata = dump_json(metadata);
    return out;
  }

  Task task_;
};

class SweBench final : public Harness {
 public:
  SweBench(std::shared_ptr<Images> images, std::filesystem::path data)
      : images_(std::move(images)), data_(std::move(data)) {}

  std::unique_ptr<Trial> open(const datasets::Question& question, std::stop_token stop) const override {
    return std::make_unique<SweTrial>(images_, task_of(question, data_), stop);
  }

 private:
  std::shared_ptr<Images> images_;
  std::filesystem::path data_;
};

}  // namespace

std::unique_ptr<Harness> make_swebench(std::shared_ptr<Images> images, const std::filesystem::path& data) {
  return std::make_unique<SweBench>(std::move(images), data);
}

}  // namespace ipw::harness
