// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/spawn.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

extern char** environ;

namespace ipw::spawning {
namespace {

/// The texts as a C array that ends with null; they must outlive it.
std::vector<char*> raw_array(const std::vector<std::string>& texts) {
  std::vector<char*> raw;
  for (const auto& text : texts) raw.push_back(const_cast<char*>(text.c_str()));
  raw.push_back(nullptr);
  return raw;
}

}  // namespace

std::vector<std::string> environment_with(const std::vector<std::string>& changed) {
  const auto name = [](std::string_view text) { return text.substr(0, text.find('=')); };
  std::vector<std::string> out = changed;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::ranges::none_of(changed, [&](const auto& text) { return name(text) == name(*entry); }))
      out.emplace_back(*entry);
  return out;
}

pid_t spawn(const std::vector<std::string>& argv, const SpawnActions& actions, Group group,
            const std::vector<std::string>& variables) {
  const auto raw = raw_array(argv);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  short flags = POSIX_SPAWN_SETSIGMASK;
  if (group == Group::Own) flags |= POSIX_SPAWN_SETPGROUP;
  if (group == Group::Session) flags |= POSIX_SPAWN_SETSID;
  posix_spawnattr_setflags(&attributes, flags);
  sigset_t none;  // we block SIGINT and SIGTERM to wait for them; a child must not inherit that
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, raw[0], actions.get(), &attributes, raw.data(), raw_array(variables).data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw Error(error == ENOENT ? ErrorCode::NotFound : ErrorCode::Permission,
                fmt::format("cannot start {}: {}", argv.at(0), std::strerror(error)));
  return pid;
}

int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

bool drain(int fd, std::string& into) {
  std::array<char, 65536> buffer;
  const auto n = ::read(fd, buffer.data(), buffer.size());
  if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);
}

bool keep_last(int fd, std::string& text) {
  constexpr std::size_t kKept = 4096;
  std::array<char, kKept> buffer;
  ssize_t n = 0;
  while ((n = ::read(fd, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > kKept) text.erase(0, text.size() - kKept);
  }
  return n < 0;
}

std::string words_of(std::string errors, int status) {
  while (!errors.empty() && (errors.back() == '\n' || errors.back() == ' ')) errors.pop_back();
  if (status >= 0) errors += fmt::format("{}it ended with status {}", errors.empty() ? "" : "; ", status);
  return errors;
}

}  // namespace ipw::spawning
