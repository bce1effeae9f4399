// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_dialog.h"

#include <fmt/format.h>

#include "ipw/base/log.h"
#include "ipw/base/text.h"

namespace ipw::tools::mcp {
namespace {
constexpr std::size_t kMostStrangeLines = 1000;
constexpr std::size_t kQuoted = 200;
}  // namespace

std::string answer_to_server(const Message& message) {
  if (message.kind != Message::Kind::Request) return "";
  if (message.method == "ping") return result_line(message.id, "{}");
  return error_line(message.id, {code::kMethodNotFound, "this client has no '" + message.method + "'", ""});
}

std::string Dialog::open() {
  const std::lock_guard lock(mutex_);
  auto id = std::to_string(++last_);
  open_[id] = std::nullopt;
  return id;
}

std::string Dialog::take(std::string_view line) {
  if (trim(line).empty()) return "";
  const auto packet = parse_packet(line);
  std::string replies;
  for (const auto& message : packet.messages) {
    if (message.kind == Message::Kind::Invalid) note(line, message.fault.message);
    if (const auto reply = take_message(message); !reply.empty())
      replies += (replies.empty() ? "" : "\n") + reply;
  }
  return replies;
}

std::string Dialog::take_message(const Message& message) {
  using Kind = Message::Kind;
  if (message.kind == Kind::Notification && on_notification_) on_notification_(message.method);
  if (message.kind == Kind::Result || message.kind == Kind::Error || message.kind == Kind::Invalid)
    settle(message);
  return answer_to_server(message);
}

void Dialog::settle(const Message& message) {
  const std::lock_guard lock(mutex_);
  const auto at = open_.find(message.id);
  if (at != open_.end() && !at->second) {
    if (message.kind == Message::Kind::Invalid)
      at->second = Answer{Trouble::Nonsense, "its answer is no message: " + message.fault.message, {}};
    else
      at->second = Answer{Trouble::None, "", message};
    wake_.notify_all();
    return;
  }
  const auto number = parse_int(message.id);
  const bool was_ours = number && *number > 0 && *number <= last_;  // given up, or answered twice
  if (!was_ours && message.kind != Message::Kind::Invalid && strange_.empty())
    strange_ = fmt::format("it answered {}, which nobody had asked{}", message.id.substr(0, kQuoted),
                           message.kind == Message::Kind::Error ? ": " + message.fault.message : "");
}

void Dialog::note(std::string_view line, const std::string& why) {
  const auto quoted = to_valid_utf8(trim(line).substr(0, kQuoted));
  log::debug("MCP server: no message ({}): {}", why, quoted);
  std::unique_lock lock(mutex_);
  if (strange_.empty()) strange_ = fmt::format("it wrote what is no message: {}", quoted);
  const bool too_many = ++strange_lines_ > kMostStrangeLines;
  lock.unlock();
  if (too_many) end(Trouble::Nonsense, "it writes no messages to its standard output");
}

std::string Dialog::with_notes(std::string why) const {
  return strange_.empty() ? why : why + "; " + strange_;
}

Answer Dialog::await(const std::string& id, const Patience& patience) {
  std::unique_lock lock(mutex_);
  const auto settled = [&] { return open_[id].has_value() || ended_.has_value(); };
  wake_.wait_for(lock, patience.stop, patience.most, settled);
  auto answer = std::move(open_[id]);
  open_.erase(id);
  if (answer) return std::move(*answer);
  if (ended_) return {ended_->trouble, with_notes(ended_->why), {}};
  if (patience.stop.stop_requested()) return {Trouble::Stopped, "it was asked to stop", {}};
  return {Trouble::Late, with_notes(fmt::format("no answer within {:g} s", patience.most.count())), {}};
}

void Dialog::end(Trouble trouble, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (!ended_) ended_ = Answer{trouble, why, {}};
  wake_.notify_all();
}

}  // namespace ipw::tools::mcp
