// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/base/log.h"
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

/// Give the owner all rights on the folders, so that they can be emptied. Links are not followed.
void open_folders(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error))) return;
  fs::permissions(path, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow, error);
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) open_folders(entry->path());
}

/// 1 where something cannot be read, 0 without an error. Throws for others, such as a full disk.
std::size_t left_out(const std::error_code& error, const fs::path& from, const fs::path& to) {
  if (!error) return 0;
  for (const auto reason : {std::errc::permission_denied, std::errc::operation_not_permitted,
                            std::errc::no_such_file_or_directory, std::errc::filename_too_long})
    if (error == reason) return 1;
  throw fs::filesystem_error("cannot copy", from, to, error);
}

std::size_t copy_folder(const fs::path& from, const fs::path& to, fs::perms rights) {
  make_directories(to);
  fs::permissions(to, rights | fs::perms::owner_all);
  std::size_t count = 0;
  std::error_code error;
  fs::directory_iterator entry(from, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    count += copy_tree(entry->path(), to / entry->path().filename());
  return count + left_out(error, from, to);
}

}  // namespace

fs::path workspace_of(const fs::path& run_folder, const datasets::Question& question) {
  return folder_of(run_folder, question) / "workspace";
}

TaskArtifacts::TaskArtifacts(const fs::path& run_folder, const datasets::Question& question)
    : id_(id_of(question)), folder_(folder_of(run_folder, question)) {
  remove_tree(folder_);
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
  remove_tree(folder_);
}

void remove_tree(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (!error) return;
  open_folders(folder);
  fs::remove_all(folder);
}

std::size_t copy_tree(const fs::path& from, const fs::path& to) {
  std::error_code error;
  const auto status = fs::symlink_status(from, error);
  if (fs::is_directory(status)) return copy_folder(from, to, status.permissions());
  if (fs::is_symlink(status))
    fs::copy_symlink(from, to, error);
  else if (fs::is_regular_file(status))
    fs::copy_file(from, to, error);
  else
    return 1;
  return left_out(error, from, to);
}

void write_artifacts_manifest(const fs::path& run_folder) {
  const auto root = run_folder / "artifacts";
  std::map<std::string, std::vector<std::string>> tasks;
  std::error_code error, unknown;
  if (fs::is_directory(root)) {
    fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (!entry->is_regular_file(unknown)) continue;
      const auto path = entry->path().lexically_relative(root);
      tasks[path.begin()->string()].push_back(path.generic_string());
    }
  }
  if (error) log::warning("artifacts_manifest.json does not name all files: {}", error.message());
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
