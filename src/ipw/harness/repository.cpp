// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/repository.h"

#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/harness/patch.h"

namespace ipw::harness {
namespace {

constexpr Seconds kWall{300};
constexpr std::size_t kMostPatch = std::size_t{16} << 20;
constexpr const char* kPatchFile = "/tmp/patch.diff";
constexpr int kNoFolder = 9;

/// Standard output alone, byte for byte.
sandbox::CommandEnd git_output(sandbox::Workplace& place, const std::string& script,
                               const std::stop_token& stop) {
  sandbox::Command command;
  command.argv = {"/bin/sh", "-c", script};
  command.wall = kWall;
  command.most_output = kMostPatch;
  command.stop = stop;
  auto end = place.run(command);
  if (!end.error.empty()) throw Error(ErrorCode::Unavailable, end.error);
  if (end.limit == "stopped") throw Error(ErrorCode::Cancelled, "stopped");
  return end;
}

/// Hooks and programs that the agent has written into the configuration are not run.
std::string git_in(const std::string& folder) {
  return fmt::format("git -C {} -c safe.directory='*' -c core.hooksPath=/dev/null -c core.fsmonitor=false",
                     shell_word(folder));
}

/// Start with a copy of the agent's index, where a lock that it has left does not matter.
std::string own_index(const std::string& folder, const std::string& git, const std::string& base) {
  return fmt::format(
      "[ -e {0}/.git ] || exit {1}\nrm -rf /tmp/ipw-index /tmp/ipw-index.lock\n"
      "cp {0}/.git/index /tmp/ipw-index 2>/dev/null || {2} read-tree {3} || exit 1\n",
      shell_word(folder), kNoFolder, git, base);
}

std::string why_not(const sandbox::CommandEnd& end) {
  if (!end.limit.empty()) return fmt::format("git was ended by its limit of {}", end.limit);
  return fmt::format("git ended with status {}: {}", end.exit_status.value_or(-1),
                     tail(trim(to_valid_utf8(end.errors)), 300));
}

Applied run_in_repository(sandbox::Workplace& place, const std::string& folder, const std::string& patch,
                          const std::string& script, const std::stop_token& stop) {
  write_text(place, kPatchFile, patch.ends_with('\n') ? patch : patch + "\n", stop);
  const auto begin = fmt::format("cd {} || exit {}\ngit config --global --add safe.directory {}\n",
                                 shell_word(folder), kNoFolder, shell_word(folder));
  const auto end = run_script(place, begin + script, {kWall, stop});
  if (end.late || end.exit_status == kNoFolder)
    throw Error(ErrorCode::Unavailable,
                fmt::format("no patch can be applied in {}: {}", folder, tail(end.output, 300)));
  return {end.exit_status == 0, end.output};
}

}  // namespace

std::string head_of(sandbox::Workplace& place, const std::string& folder, const std::stop_token& stop) {
  const auto end = git_output(place, git_in(folder) + " rev-parse HEAD", stop);
  auto head = std::string(trim(end.output));
  if (end.exit_status != 0 || head.size() < 40)
    throw Error(ErrorCode::Unavailable,
                fmt::format("the image has no git repository in {}: {}", folder, why_not(end)),
                "the metadata's 'workdir' says where it is");
  return head;
}

TakenPatch take_patch(sandbox::Workplace& place, const std::string& folder, const std::string& base,
                      std::string_view answer, const std::stop_token& stop) {
  const auto git = "GIT_INDEX_FILE=/tmp/ipw-index " + git_in(folder);
  const auto in_answer = patch_in(answer);
  const auto names = git_output(
      place,
      own_index(folder, git, base) +
          fmt::format("{0} add -A && {0} diff --no-ext-diff --cached --name-status {1}", git, base),
      stop);
  const auto diff = git_output(
      place, fmt::format("{} diff --no-ext-diff --no-textconv --no-color --binary --cached {}", git, base),
      stop);
  TakenPatch out;
  if (names.exit_status != 0 || diff.exit_status != 0) {
    const bool removed = names.exit_status == kNoFolder;
    out.note = "the repository in the task's place " +
               (removed ? "is gone" : "cannot be read: " + why_not(names.exit_status != 0 ? names : diff));
    if (in_answer.empty() && !removed) throw Error(ErrorCode::Unavailable, out.note);
    out.text = in_answer;
    out.source = in_answer.empty() ? "none" : "answer";
    return out;
  }
  bool changed = false;
  for (const auto line : split(names.output, '\n'))
    changed = changed || (!line.empty() && line.front() != 'A');
  const bool use_answer = !changed && !in_answer.empty();
  out.text = use_answer ? in_answer : diff.output;
  out.source = use_answer ? "answer" : out.text.empty() ? "none" : "workspace";
  if (use_answer && !diff.output.empty())
    out.note = "new files in the workspace were left out: the answer has a patch";
  if (!use_answer && !in_answer.empty())
    out.note = "the answer's patch was left out: the workspace is changed";
  return out;
}

Applied apply_patch(sandbox::Workplace& place, const std::string& folder, const std::string& patch,
                    const std::stop_token& stop) {
  return run_in_repository(place, folder, patch,
                           "again=\n"
                           "for how in 'git apply --verbose' 'git apply --verbose --3way' "
                           "'git apply --verbose --reject' 'patch --batch --forward --fuzz=5 -p1 -i'; do\n"
                           "  [ -z \"$again\" ] || { git checkout -- . ; git clean -fd; }\n"
                           "  again=yes\n"
                           "  if $how /tmp/patch.diff; then exit 0; fi\n"
                           "done\n"
                           "git apply --check --reverse /tmp/patch.diff",
                           stop);
}

Applied apply_by_files(sandbox::Workplace& place, const std::string& folder, const std::string& base,
                       const std::string& patch, const std::stop_token& stop) {
  std::string each;
  for (const auto& file : files_of(patch).after)
    each += fmt::format(
        "  git apply --whitespace=nowarn --include={0} /tmp/patch.diff || "
        "! git ls-files --error-unmatch -- {0} >/dev/null 2>&1 || return 1\n",
        shell_word(file));
  const auto script =
      fmt::format("all() {{\n{}  :\n}}\nall || {{ git reset --hard {} && all; }}",
                  each.empty() ? "  git apply --whitespace=nowarn /tmp/patch.diff || return 1\n" : each,
                  shell_word(base));
  return run_in_repository(place, folder, patch, script, stop);
}

}  // namespace ipw::harness
