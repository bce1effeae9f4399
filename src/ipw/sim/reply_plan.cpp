// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/reply_plan.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace ipw::sim {

namespace {

constexpr std::size_t kTokensPerMessage = 4;  // role and separators of a chat template

std::string text_of(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string out;
  if (content.is_array()) {
    for (const auto& part : content)
      if (part.is_object() && part.contains("text") && part["text"].is_string())
        out += part["text"].get<std::string>();
  }
  return out;
}

Unexpected<std::string> wrong(std::string what) {
  return Unexpected<std::string>(std::move(what));
}

std::optional<std::size_t> limit_of(const Json& body) {
  for (const char* key : {"max_completion_tokens", "max_tokens"})
    if (body.contains(key) && body[key].is_number_integer() && body[key].get<std::int64_t>() > 0)
      return body[key].get<std::size_t>();
  return std::nullopt;
}

bool flag(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_boolean() && object[key].get<bool>();
}

std::string answer_to(const Asked& asked, const ServerOptions& options, stats::Random& random) {
  if (options.answers == Answers::Echo) return asked.last_question;
  if (options.answers == Answers::Fixed) return options.fixed_answer;
  const auto known = options.key ? options.key(asked.last_question) : std::nullopt;
  const bool right = random.uniform() < options.accuracy;
  if (!known) return "I do not know this question.";
  return right ? known->right : known->wrong;
}

std::vector<std::string> reasoning(const Draw& length, stats::Random& random) {
  const auto count = static_cast<std::size_t>(std::llround(std::max(0.0, length.take(random))));
  return {count, " hmm"};
}

}  // namespace

Result<Asked, std::string> read_request(const Json& body, bool chat, const std::string& model) {
  if (!body.is_object()) return wrong("the body is no JSON object");
  if (!body.contains("model") || body["model"] != model)
    return wrong(fmt::format("this server has the model '{}' only", model));
  Asked out;
  out.chat = chat;
  const char* key = chat ? "messages" : "prompt";
  if (!body.contains(key)) return wrong(fmt::format("'{}' is missing", key));
  if (!chat) out.last_question = out.text = text_of(body[key]);
  if (chat && !body[key].is_array()) return wrong("'messages' is no list");
  for (const auto& message : chat ? body[key] : Json::array()) {
    if (!message.is_object() || !message.contains("content")) return wrong("a message has no 'content'");
    const std::string text = text_of(message["content"]);
    out.text += text;
    ++out.messages;
    if (message.contains("role") && message["role"] == "user") out.last_question = text;
  }
  out.max_tokens = limit_of(body);
  out.stream = flag(body, "stream");
  out.include_usage = body.contains("stream_options") && flag(body["stream_options"], "include_usage");
  return out;
}

ReplyPlan plan_reply(const Asked& asked, const ServerOptions& options) {
  stats::Random random = request_random(options.seed, asked.text);
  ReplyPlan plan;
  plan.prompt_tokens = tokens_of(asked.text).size() + kTokensPerMessage * asked.messages;
  plan.tokens = reasoning(options.reasoning_tokens, random);
  plan.reasoning_tokens = plan.tokens.size();
  for (auto& token : tokens_of(answer_to(asked, options, random))) plan.tokens.push_back(std::move(token));
  if (plan.tokens.empty()) plan.tokens.emplace_back(" ");
  if (asked.max_tokens && plan.tokens.size() > *asked.max_tokens) {
    plan.tokens.resize(*asked.max_tokens);
    plan.reasoning_tokens = std::min(plan.reasoning_tokens, plan.tokens.size());
    plan.finish_reason = "length";
  }
  plan.ttft_seconds = options.ttft_ms.take(random) / 1000;
  plan.itl_seconds = options.itl_ms.take(random) / 1000;
  if (options.cost_spread > 0) plan.cost = std::exp(options.cost_spread * normal(random));
  return plan;
}

}  // namespace ipw::sim
