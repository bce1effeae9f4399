// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/base/text.h"
#include "ipw/sandbox/engine_container.h"

namespace ipw::sandbox {
namespace {

/// When a process was started, in ticks since the boot: with its number it names it for good (proc(5)).
std::optional<std::string> start_of(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat;
  if (!std::getline(file, stat)) return std::nullopt;
  const auto behind_name = std::string_view(stat).substr(std::min(stat.size(), stat.rfind(')') + 2));
  const auto words = split(behind_name, ' ');
  constexpr std::size_t kStart = 19;  // the 22nd field; the third comes first here
  return words.size() > kStart ? std::optional(std::string(words[kStart])) : std::nullopt;
}

/// This boot of this machine, and the namespace in which its processes are counted.
std::string here() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(file, boot);
  std::error_code ignored;
  return boot + " " + std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
}

}  // namespace

std::string owner_label() {
  return fmt::format("{} {} {}", here(), ::getpid(), start_of(::getpid()).value_or("0"));
}

bool owner_is_gone(const std::string& label) {
  const auto words = split(label, ' ');
  if (words.size() != 4 || fmt::format("{} {}", words[0], words[1]) != here()) return false;
  const auto pid = parse_int(words[2]);
  return pid && start_of(*pid).value_or("") != words[3];
}

}  // namespace ipw::sandbox
