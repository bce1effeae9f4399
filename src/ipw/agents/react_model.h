// SPDX-License-Identifier: Apache-2.0
// How `react` asks its model: chat completions, streamed, sent again where that can help.
#pragma once
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/agents/agent.h"
#include "ipw/agents/react_turn.h"
#include "ipw/clients/channel.h"

namespace ipw::agents {

struct ModelReply {
  std::string content, finish_reason;
  std::vector<ToolCall> calls;  ///< each with an id that no other call of this reply has
  std::optional<clients::Failure> failure;
  bool out_of_turns = false;  ///< the proxy lets no further call through
  bool too_long = false;      ///< the conversation does not fit into the model's context
  int attempts = 0;           ///< requests that were sent
};

/// How long and how often a request may be tried.
struct RetryLimits {
  Seconds left;     ///< of the task's time
  Seconds attempt;  ///< of one request
  int retries = 3;
};

/// Thread-safe.
class ModelLink {
 public:
  explicit ModelLink(Clock& clock) : clock_(clock), channel_(clock) {}
  /// Ask; `body_json` is a chat completion's. HTTP 429, 5xx and broken connections are tried again after 0.5,
  /// 1, 2, ... 8 s, or what Retry-After says up to 60 s. Never throws for what servers do.
  ModelReply ask(const ModelAccess& model, const std::string& body_json, const RetryLimits& limits,
                 const std::stop_token& stop);

 private:
  struct Attempt;
  Attempt attempt(const ModelAccess& model, const std::string& body_json, Seconds timeout,
                  const std::stop_token& stop);
  bool wait(Seconds pause, const std::stop_token& stop);

  Clock& clock_;
  clients::Channel channel_;
};

/// Whether an error of a server says that the conversation is longer than the model's context.
bool says_too_long(const clients::Failure& failure);

}  // namespace ipw::agents
