// SPDX-License-Identifier: Apache-2.0
// The conversation of a Terminus task, which is made shorter before it outgrows the model's context
// (protocols.md 11.1).
#pragma once
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/agents/agent.h"
#include "ipw/agents/terminal.h"
#include "ipw/base/clock.h"
#include "ipw/clients/client.h"

namespace ipw::agents {

struct ChatSettings {
  double temperature = 0.7;
  std::optional<int> max_tokens;
  std::optional<std::int64_t> context_limit;  ///< tokens; absent: known only by the server's refusal
  std::int64_t keep_free = 8000;              ///< below this the conversation is summarised
  std::int64_t freed = 4000;                  ///< what is made free after a refusal
  bool summarize = true;
};

/// One thread at a time.
class TerminusChat {
 public:
  TerminusChat(const ChatSettings& settings, const ModelAccess& model, Clock& clock, std::string instruction);
  /// Say something and hear the answer, with up to three attempts. What a model or server does wrong is the
  /// failure of the response. Calls beyond the deadline are cut.
  clients::Response ask(std::string prompt, Terminal& terminal, Instant deadline,
                        const std::stop_token& stop);
  int summaries() const { return summaries_; }

 private:
  struct Limits {
    Instant deadline;
    const std::stop_token& stop;
  };
  clients::Response send(const std::vector<clients::Message>& messages, const Limits& limits);
  std::int64_t tokens(const std::string& prompt) const;
  void drop_pairs(std::int64_t free);
  void restart_count();
  std::string summarize(Terminal& terminal, const Limits& limits);
  std::string shorten(Terminal& terminal, const Limits& limits);

  const ChatSettings settings_;
  const std::string model_, instruction_;
  std::string first_;  ///< the prompt with the task and the form of replies
  Clock& clock_;
  std::unique_ptr<clients::Client> client_;
  std::vector<clients::Message> messages_;
  std::int64_t told_tokens_ = 0;  ///< of the first told_messages_ messages, by the server's count
  std::size_t told_messages_ = 0;
  int summaries_ = 0;
};

}  // namespace ipw::agents
