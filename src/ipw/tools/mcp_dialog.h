// SPDX-License-Identifier: Apache-2.0
// Which answer belongs to which question, where all of a server's messages come in one stream.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/tools/mcp_channel.h"

namespace ipw::tools::mcp {

/// What a client answers to what a server asks: a line, or nothing to what is no request.
std::string answer_to_server(const Message& message);

/// Thread-safe.
class Dialog {
 public:
  explicit Dialog(OnNotification on_notification) : on_notification_(std::move(on_notification)) {}

  /// The id of a new question.
  std::string open();
  /// Take a line from the server and give the lines to send back, if any.
  std::string take(std::string_view line);
  /// Wait for the answer to a question, which is then closed.
  Answer await(const std::string& id, const Patience& patience);
  /// No more answers come: to nothing that is open, and to nothing later.
  void end(Trouble trouble, const std::string& why);

 private:
  std::string take_message(const Message& message);
  void settle(const Message& message);
  void note(std::string_view line, const std::string& why);
  std::string with_notes(std::string why) const;

  OnNotification on_notification_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::int64_t last_ = 0;                              // guarded by mutex_, as all below
  std::map<std::string, std::optional<Answer>> open_;  // by id
  std::optional<Answer> ended_;
  std::size_t strange_lines_ = 0;
  std::string strange_;  // what the server said that made no sense, the first of it
};

}  // namespace ipw::tools::mcp
