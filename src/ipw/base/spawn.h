// SPDX-License-Identifier: Apache-2.0
// What all programs that are started have in common. Only the sources behind subprocess.h include this.
#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "ipw/base/error.h"

namespace ipw::spawning {

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(ErrorCode::Internal, "cannot make a pipe");
  }
  ~Pipe() {
    for (const int fd : ends)
      if (fd >= 0) ::close(fd);
  }
  void close_writer() { ::close(std::exchange(ends[1], -1)); }
};

class SpawnActions {
 public:
  enum class Input { None, Ours };
  explicit SpawnActions(Input input = Input::None) {
    posix_spawn_file_actions_init(&actions_);
    if (input == Input::None) posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
  }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  void redirect(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void start_in(const std::string& folder) {
    if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
  }
  void open(int fd, const char* path) {
    posix_spawn_file_actions_addopen(&actions_, fd, path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// Session: a group of its own in a session of its own, which the end of our terminal does not touch.
enum class Group { Own, Ours, Session };

/// Our environment with some values changed.
std::vector<std::string> environment_with(const std::vector<std::string>& changed);

/// Start a program; the variables are all it has. Throws as run_process() does.
pid_t spawn(const std::vector<std::string>& argv, const SpawnActions& actions, Group group = Group::Own,
            const std::vector<std::string>& variables = environment_with({}));

/// As a shell has it: 128 + signal when it was killed.
int status_of(int wait_status);

/// Move what can be read into the text; false at the end of the stream.
bool drain(int fd, std::string& into);

/// Keep the last 4 KiB of what can be read now; false once there is an end of it.
bool keep_last(int fd, std::string& text);

/// What a program has said last, and how it ended when the status is not negative.
std::string words_of(std::string errors, int status);

}  // namespace ipw::spawning
