// SPDX-License-Identifier: Apache-2.0
// A terminal in a task's workplace: tmux with one pane of 160 columns and 40 rows, as Terminus 2 has it
// (protocols.md 11.1). The functions are pure.
#pragma once
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/sandbox/workplace.h"

namespace ipw::agents {

/// Cut keystrokes so that each tmux command stays below the size that tmux takes, never inside a character.
std::vector<std::string> key_batches(std::string_view keystrokes, std::size_t most_bytes = 16000);

/// What `current`, all that the pane has shown, has beyond `before`; the line that was last before comes
/// again, since it may have grown. Absent where `before` is no part of it any more.
std::optional<std::string> new_output(std::string_view before, std::string_view current);

/// Keep the first and the last half of `most_bytes`, with a note of how much is left out between.
std::string limit_output(std::string_view text, std::size_t most_bytes = 10000);

/// One thread at a time.
class Terminal {
 public:
  /// Start it. `name` is that of its tmux server, alone on the machine. What `stays` ends with its place,
  /// else it ends with this. Throws Error(Unavailable) where there is no tmux.
  Terminal(sandbox::Workplace& place, Clock& clock, std::string name, bool stays, std::stop_token stop);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  bool alive();
  /// Send keystrokes, or the name of one key ("C-c"), then wait. Throws Error(Unavailable) when the terminal
  /// has ended.
  void send(const std::string& keystrokes, Seconds wait);
  /// What is new since the last call, else the screen, below a heading that says which.
  std::string observe();
  std::string screen();

 private:
  sandbox::CommandEnd tmux(std::vector<std::string> words, std::size_t most_output = std::size_t{1} << 20);
  void wait(Seconds duration);
  std::string capture(bool entire);

  sandbox::Workplace& place_;
  Clock& clock_;
  const std::string name_;
  const bool stays_;
  const std::stop_token stop_;
  std::optional<std::string> before_;
};

}  // namespace ipw::agents
