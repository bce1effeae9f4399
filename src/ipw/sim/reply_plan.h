// SPDX-License-Identifier: Apache-2.0
// What a simulated server will answer to one request, and when: a pure function of request, options and seed.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/result.h"
#include "ipw/sim/pace.h"

namespace ipw::sim {

enum class Answers { Echo, Fixed, Right };

struct ServerOptions {
  std::string model = "simulated";
  Draw ttft_ms{80, 0}, itl_ms{15, 0};
  Draw reasoning_tokens{0, 0};  ///< thought before the answer, in a channel of its own
  Answers answers = Answers::Right;
  std::string fixed_answer = "I am a simulation.";
  double accuracy = 1;     ///< share of known questions that are answered right
  double cost_spread = 0;  ///< sigma of the lognormal factor on what a request's tokens cost
  std::uint64_t seed = 0;
  AnswerKey key;
};

/// One request, read.
struct Asked {
  std::string text;           ///< everything, for counting
  std::string last_question;  ///< the last message of a user, or the prompt
  std::size_t messages = 0;
  std::optional<std::size_t> max_tokens;
  bool stream = false, include_usage = false, chat = true;
};
/// Read the body of /v1/chat/completions or /v1/completions, or say what is wrong with it.
Result<Asked, std::string> read_request(const Json& body, bool chat, const std::string& model);

struct ReplyPlan {
  std::size_t prompt_tokens = 0;
  std::vector<std::string> tokens;   ///< at least one
  std::size_t reasoning_tokens = 0;  ///< the first so many tokens are reasoning
  std::string finish_reason = "stop";
  double ttft_seconds = 0, itl_seconds = 0;
  double cost = 1;  ///< of its tokens, relative to the mean
};
ReplyPlan plan_reply(const Asked& asked, const ServerOptions& options);

}  // namespace ipw::sim
