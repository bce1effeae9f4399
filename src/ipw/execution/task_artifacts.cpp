// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/records/exports.h"
#include "ipw/records/run_folder.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;

/// Letters, digits, "_" and "-" stay; at most 80 characters.
std::string slug(std::string text) {
  const auto stays = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  std::ranges::replace_if(
      text, [&](char c) { return !stays(static_cast<unsigned char>(c)); }, '_');
  return text.substr(0, 80);
}

std::string id_of(const datasets::Question& question) {
  return fmt::format("q{:04}", question.index);
}

fs::path folder_of(const fs::path& run_folder, const datasets::Question& question) {
  const auto id = id_of(question);
  return fs::absolute(run_folder / "artifacts" /
                      (question.id.empty() ? id : fmt::format("{}_{}", id, slug(question.id))));
}

}  // namespace

fs::path workspace_of(const fs::path& run_folder, const datasets::Question& question) {
  return folder_of(run_folder, question) / "workspace";
}

TaskArtifacts::TaskArtifacts(const fs::path& run_folder, const datasets::Question& question)
    : id_(id_of(question)), folder_(folder_of(run_folder, question)) {
  fs::remove_all(folder_);
  make_directories(workspace());
}

Result<std::vector<std::string>, std::string> TaskArtifacts::bring_inputs(
    const datasets::Question& question) const {
  std::vector<std::string> out;
  const auto into = workspace() / "inputs";
  if (!question.files.empty()) make_directories(into);
  for (const fs::path file : question.files) {
    auto name = file.filename().string();
    for (int k = 2; fs::exists(into / name); ++k) name = fmt::format("{}_{}", k, file.filename().string());
    std::error_code error;
    fs::copy_file(file, into / name, error);
    if (error)
      return tl::unexpected(
          fmt::format("the task's file {} cannot be had: {}", file.string(), error.message()));
    out.push_back("inputs/" + name);
  }
  return out;
}

void TaskArtifacts::write(const records::QueryRecord& record, const agents::TaskEnd& end) const {
  write_file_atomic(folder_ / "response.txt", record.response);
  const auto& e = record.evaluation;
  const Json metadata = {{"query_id", id_},
                         {"instance_id", record.query_id},
                         {"completed", !record.failure},
                         {"timed_out", record.failure && record.failure->kind == "timeout"},
                         {"wall_clock_s", record.latency.total_seconds},
                         {"is_resolved", e && e->correct ? Json(*e->correct) : Json(nullptr)},
                         {"unscorable_reason", e && !e->correct ? Json(e->reason) : Json(nullptr)},
                         {"stop_reason", end.stop_reason},
                         {"token_source", record.tokens.source},
                         {"agent_metadata", parse_json(end.metadata_json).value_or(Json::object())}};
  write_file_atomic(folder_ / "metadata.json", pretty_json(metadata));
}

void TaskArtifacts::drop() const {
  fs::remove_all(folder_);
}

void write_artifacts_manifest(const fs::path& run_folder) {
  const auto root = run_folder / "artifacts";
  std::map<std::string, std::vector<std::string>> tasks;
  if (fs::is_directory(root))
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      const auto path = entry.path().lexically_relative(root);
      tasks[path.begin()->string()].push_back(path.generic_string());
    }
  Json manifest = Json::array();
  for (auto& [folder, files] : tasks) {
    std::ranges::sort(files);
    manifest.push_back({{"query_dir", folder}, {"files", files}});
  }
  write_file_atomic(run_folder / "artifacts_manifest.json", pretty_json(manifest));
}

void write_task_files(const fs::path& run_folder, const AgentChoice& agent) {
  for (const auto* form : records::find_exports(agent.exports)) form->write(run_folder);
  records::write_subset_manifest(run_folder);
  write_artifacts_manifest(run_folder);
}

}  // namespace ipw::execution
