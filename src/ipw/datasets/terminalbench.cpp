// SPDX-License-Identifier: Apache-2.0
// Terminal-Bench: a folder of tasks, each a folder of its own. Version 1
// (github.com/laude-institute/terminal-bench) describes a task in task.yaml, Harbor (Terminal-Bench 2.0 and
// later) in instruction.md and task.toml.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

namespace fs = std::filesystem;

bool is_v1(const fs::path& folder) {
  return fs::exists(folder / "task.yaml");
}
bool is_harbor(const fs::path& folder) {
  return fs::exists(folder / "task.toml") && fs::exists(folder / "instruction.md");
}

[[noreturn]] void refuse(const fs::path& file, std::string_view why) {
  throw Error(ErrorCode::Format, fmt::format("{}: {}", file.string(), why));
}

/// A scalar of the file as it stands, or the default of version 1.
template <class T>
T scalar(const YAML::Node& task, const char* key, T fallback) {
  const YAML::Node value = task[key];
  return value && value.IsScalar() ? value.as<T>() : fallback;
}

/// The instruction; the first tasks gave several and called the one that counts "base".
std::string instruction_of(const YAML::Node& task) {
  if (task["instruction"]) return scalar<std::string>(task, "instruction", "");
  for (const YAML::Node& row : task["descriptions"])
    if (scalar<std::string>(row, "key", "") == "base") return scalar<std::string>(row, "description", "");
  return {};
}

void read_v1(const fs::path& folder, Question& out) {
  const fs::path file = folder / "task.yaml";
  try {
    const YAML::Node task = YAML::LoadFile(file.string());
    out.problem = instruction_of(task);
    out.subject = scalar<std::string>(task, "category", "software_engineering");
    out.metadata = dump_json({{"format", "v1"},
                              {"difficulty", scalar<std::string>(task, "difficulty", "")},
                              {"parser", scalar<std::string>(task, "parser_name", "pytest")},
                              {"agent_timeout_seconds", scalar(task, "max_agent_timeout_sec", 360.0)},
                              {"test_timeout_seconds", scalar(task, "max_test_timeout_sec", 60.0)},
                              {"tests_in_same_shell", scalar(task, "run_tests_in_same_shell", false)}});
  } catch (const YAML::Exception& error) {
    refuse(file, error.what());
  }
}

void read_harbor(const fs::path& folder, Question& out) {
  const fs::path file = folder / "task.toml";
  out.problem = read_file((folder / "instruction.md").string());
  try {
    const toml::table task = toml::parse_file(file.string());
    const auto meta = task["metadata"];
    out.subject = meta["category"].value_or(std::string("general"));
    out.metadata = dump_json({{"format", "harbor"},
                              {"difficulty", meta["difficulty"].value_or(std::string())},
                              {"image", task["environment"]["docker_image"].value_or(std::string())},
                              {"agent_timeout_seconds", task["agent"]["timeout_sec"].value_or(0.0)},
                              {"test_timeout_seconds", task["verifier"]["timeout_sec"].value_or(600.0)},
                              {"internet", task["environment"]["allow_internet"].value_or(true)}});
  } catch (const toml::parse_error& error) {
    refuse(file, fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
}

/// The folders of tasks below this one, in the order of their names; or itself, where it is a task.
std::vector<fs::path> tasks_below(const fs::path& folder) {
  if (is_v1(folder) || is_harbor(folder)) return {folder};
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory() && (is_v1(entry.path()) || is_harbor(entry.path()))) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

class TerminalBench final : public Dataset {
 public:
  explicit TerminalBench(const fs::path& folder) : folders_(tasks_below(folder)) {
    if (folders_.empty())
      throw Error(ErrorCode::NotFound, fmt::format("{} holds no task", folder.string()),
                  "a task is a folder with task.yaml, or with task.toml and instruction.md");
    info_.id = "terminalbench";
    info_.name = "Terminal-Bench";
    info_.size = folders_.size();
    info_.source = folder.string();
    info_.licence = "Apache-2.0";
    info_.max_tokens = 16'384;
  }

  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    if (index_ == folders_.size()) return false;
    const fs::path& folder = folders_[index_];
    question = {};
    question.index = static_cast<std::int64_t>(index_++);
    question.id = folder.filename().string();
    question.scorer = "terminalbench";
    if (is_v1(folder))
      read_v1(folder, question);
    else
      read_harbor(folder, question);
    if (trim(question.problem).empty()) refuse(folder, "the task has no instruction");
    auto metadata = Json::parse(question.metadata);
    metadata["task_path"] = fs::absolute(folder).string();
    question.metadata = dump_json(metadata);
    return true;
  }

 private:
  std::vector<fs::path> folders_;
  DatasetInfo info_;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<Dataset> make_terminalbench(const DatasetOptions& options) {
  constexpr std::array<std::string_view, 1> kNames = {"path"};
  options.params.allow("dataset 'terminalbench'", kNames);
  const auto path = options.params.get("path");
  if (!path)
    throw Error(ErrorCode::Usage, "terminalbench needs a folder of tasks: --dataset-param path=DIR",
                "git clone https://github.com/laude-institute/terminal-bench gives one (original-tasks/), "
                "and `harbor datasets download terminal-bench@2.0` those of Terminal-Bench 2.0");
  if (!fs::is_directory(*path))
    throw Error(ErrorCode::NotFound, fmt::format("{} is no folder", *path), "check the parameter path=");
  return std::make_unique<TerminalBench>(*path);
}

}  // namespace ipw::datasets
