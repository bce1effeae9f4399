// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/containers.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/text.h"
#include "ipw/harness/docker_ignore.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;

/// The paths, modes and bytes of the files of a build.
std::string fingerprint(const fs::path& folder, const std::vector<std::string>& files,
                        const std::string& dockerfile) {
  std::vector<std::string> lines;
  for (const auto& path : files) {
    const fs::directory_entry entry(folder / path);
    const auto mode = static_cast<unsigned>(entry.symlink_status().permissions());
    if (entry.is_symlink())
      lines.push_back(fmt::format("{} -> {}", path, fs::read_symlink(entry.path()).string()));
    else if (entry.is_regular_file())
      lines.push_back(fmt::format("{} {:o} {}", path, mode, sha256_file(entry.path())));
  }
  return sha256_hex(dockerfile + "\n" + join(lines, "\n")).substr(0, 16);
}

}  // namespace

sandbox::ContainerEngine& Images::engine() {
  const std::lock_guard lock(mutex_);
  if (!engine_) engine_ = connect_();
  return *engine_;
}

void Images::need(const std::string& image, const std::stop_token& stop) {
  auto& engine = this->engine();
  const std::lock_guard lock(making_);
  if (engine.has_image(image)) return;
  try {
    engine.pull(image, stop);
  } catch (Error& error) {
    throw Error(error.code(),
                fmt::format("the task's image {} is not here and cannot be pulled: {}", image, error.what()),
                error.hint().empty() ? "pull or load it by hand, then start the run again" : error.hint());
  }
}

std::string Images::built(const fs::path& context, const std::string& dockerfile, const std::string& task,
                          const std::stop_token& stop) {
  if (!fs::exists(context / dockerfile))
    throw Error(ErrorCode::NotFound, fmt::format("{} does not exist", (context / dockerfile).string()),
                "the task has neither an image nor a Dockerfile");
  sandbox::BuildRequest request{context, build_context(context, dockerfile), dockerfile, ""};
  request.tag =
      fmt::format("ipw-task/{}:{}", image_name(task), fingerprint(context, request.files, dockerfile));
  auto& engine = this->engine();
  const std::lock_guard lock(making_);
  if (!engine.has_image(request.tag)) engine.build(request, stop);
  return request.tag;
}

std::string image_name(std::string_view task) {
  std::string out = to_lower_ascii(task);
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!fits(out[i]) && !(i > 0 && (out[i] == '.' || out[i] == '-') && fits(out[i - 1]))) out[i] = '-';
  while (!out.empty() && !fits(out.back())) out.pop_back();
  const auto first = std::ranges::find_if(out, fits);
  out.erase(out.begin(), first);
  return out.empty() ? "task" : out;
}

ScriptEnd run_script(sandbox::Workplace& place, const std::string& script, const ScriptLimits& limits) {
  sandbox::Command command;
  command.argv = {limits.shell, "-c", "exec 2>&1\n" + script};
  command.environment = limits.environment;
  command.user = limits.user;
  command.wall = limits.wall;
  command.most_output = kMostLog;
  command.stop = limits.stop;
  auto end = place.run(command);
  if (!end.error.empty()) throw Error(ErrorCode::Unavailable, end.error);
  if (end.limit == "stopped") throw Error(ErrorCode::Cancelled, "stopped");
  if (end.limit == "output") throw Error(ErrorCode::Unavailable, "more than 32 MiB of output");
  const bool late = end.limit == "wall";
  if (!late && !end.exit_status) throw Error(ErrorCode::Unavailable, "the command ended without a status");
  return {end.exit_status.value_or(-1), to_valid_utf8(end.output), late};
}

void write_text(sandbox::Workplace& place, const std::string& path, const std::string& text,
                const std::stop_token& stop) {
  sandbox::Command command;
  command.argv = {"/bin/sh", "-c", "cat > " + shell_word(path)};
  command.input = text;
  command.stop = stop;
  const auto end = place.run(command);
  if (!end.error.empty() || end.exit_status != 0)
    throw Error(ErrorCode::Unavailable,
                fmt::format("cannot write {} in the container: {}", path,
                            end.error.empty() ? std::string(trim(to_valid_utf8(end.errors))) : end.error));
}

std::string shell_word(std::string_view text) {
  return "'" + replace_all(std::string(text), "'", "'\\''") + "'";
}

std::string tail(std::string_view log, std::size_t most) {
  if (log.size() <= most) return std::string(log);
  log.remove_prefix(log.size() - most);
  const auto line = log.find('\n');
  if (line != std::string_view::npos && line + 1 < log.size()) log.remove_prefix(line + 1);
  return to_valid_utf8(log);
}

evaluation::Verdict unscored(std::string_view why, std::string metadata) {
  evaluation::Verdict out;
  out.reason = fmt::format("harness error: {}", why);
  out.metadata = std::move(metadata);
  return out;
}

evaluation::Verdict unsolved(std::string why, std::string metadata) {
  evaluation::Verdict out;
  out.correct = false;
  out.reason = std::move(why);
  out.metadata = std::move(metadata);
  return out;
}

evaluation::Verdict guarded(const std::function<evaluation::Verdict()>& find_out) {
  try {
    return find_out();
  } catch (const std::exception& error) {
    return unscored(error.what());
  }
}

}  // namespace ipw::harness
