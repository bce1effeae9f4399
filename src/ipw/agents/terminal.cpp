// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/terminal.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr std::size_t kMostHistory = std::size_t{64} << 20;
constexpr auto kSlice = std::chrono::milliseconds(50);

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// tmux takes a ";" at the end of an argument for the end of its command.
std::string for_tmux(std::string text) {
  if (text.ends_with(';')) text.insert(text.size() - 1, "\\");
  return text;
}

}  // namespace

std::vector<std::string> key_batches(std::string_view keystrokes, std::size_t most_bytes) {
  std::vector<std::string> out;
  while (!keystrokes.empty()) {
    std::size_t length = std::min(keystrokes.size(), most_bytes);
    while (length > 1 && inside_character(keystrokes, length)) --length;
    out.emplace_back(keystrokes.substr(0, length));
    keystrokes.remove_prefix(length);
  }
  return out;
}

std::optional<std::string> new_output(std::string_view before, std::string_view current) {
  before = trim(before);
  const auto at = current.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  const auto last_line = before.rfind('\n');
  const auto from = at + (last_line == std::string_view::npos ? 0 : last_line + 1);
  return std::string(current.substr(from));
}

std::string limit_output(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return std::string(text);
  std::size_t head = most_bytes / 2, tail = text.size() - most_bytes / 2;
  while (head > 0 && inside_character(text, head)) --head;
  while (inside_character(text, tail)) ++tail;
  return fmt::format("{}\n[... {} bytes left out; {} bytes are shown ...]\n{}", text.substr(0, head),
                     tail - head, most_bytes, text.substr(tail));
}

Terminal::Terminal(sandbox::Workplace& place, Clock& clock, std::string name, bool stays,
                   std::stop_token stop)
    : place_(place), clock_(clock), name_(std::move(name)), stays_(stays), stop_(std::move(stop)) {
  const auto end = tmux({"start-server", ";", "set-option", "-g", "history-limit", "10000000", ";",
                         "new-session", "-d", "-x", "160", "-y", "40", "-s", "main", "bash --login"});
  if (end.exit_status == 0) return;
  const auto why = !end.error.empty() ? end.error : std::string(trim(to_valid_utf8(end.errors)));
  throw Error(ErrorCode::Unavailable, fmt::format("no terminal could be started: {}", why),
              "tmux and bash must be in the sandbox or the image; nothing is installed into it");
}

Terminal::~Terminal() {
  if (stays_) return;
  sandbox::Command command{.argv = {"tmux", "-L", name_, "kill-server"}, .wall = Seconds(10)};
  place_.run(command);
}

sandbox::CommandEnd Terminal::tmux(std::vector<std::string> words, std::size_t most_output) {
  sandbox::Command command;
  command.argv = {"tmux", "-f", "/dev/null", "-L", name_};
  std::ranges::move(words, std::back_inserter(command.argv));
  command.environment = {{"TERM", "xterm-256color"}, {"LANG", "C.UTF-8"}};
  command.wall = Seconds(30);
  command.most_output = most_output;
  command.stop = stop_;
  return place_.run(command);
}

bool Terminal::alive() {
  return tmux({"has-session", "-t", "main"}).exit_status == 0;
}

void Terminal::send(const std::string& keystrokes, Seconds duration) {
  const auto batches = key_batches(keystrokes);
  for (const auto& batch : batches) {
    std::vector<std::string> words = {"send-keys", "-t", "main"};
    if (batches.size() > 1) words.emplace_back("-l");  // a piece is never the name of a key
    words.insert(words.end(), {"--", for_tmux(batch)});
    const auto end = tmux(std::move(words));
    if (end.exit_status == 0) continue;
    throw Error(ErrorCode::Unavailable,
                fmt::format("the terminal took no keys: {}",
                            !end.error.empty() ? end.error : std::string(trim(to_valid_utf8(end.errors)))));
  }
  wait(duration);
}

void Terminal::wait(Seconds duration) {
  const auto until = clock_.now() + from_seconds(duration.count());
  while (clock_.now() < until && !stop_.stop_requested())
    clock_.sleep_until(std::min(until, clock_.now() + kSlice));
}

std::string Terminal::capture(bool entire) {
  std::vector<std::string> words = {"capture-pane", "-p", "-t", "main"};
  if (entire) words.insert(words.end(), {"-S", "-"});
  return to_valid_utf8(tmux(std::move(words), kMostHistory).output);
}

std::string Terminal::screen() {
  return capture(false);
}

std::string Terminal::observe() {
  const auto current = capture(true);
  const auto fresh = before_ ? new_output(*before_, current) : std::nullopt;
  before_ = current;
  if (fresh && !trim(*fresh).empty()) return "New Terminal Output:\n" + *fresh;
  return "Current Terminal Screen:\n" + screen();
}

}  // namespace ipw::agents
