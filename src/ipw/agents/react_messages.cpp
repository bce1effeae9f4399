// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/tools/shorten.h"

namespace ipw::agents {
namespace {

constexpr std::size_t kKeptOfObservation = 200;

constexpr std::string_view kNativeSystem =
    "Solve the task you are given. Call the tools where they help, as often as needed. Do not repeat a call "
    "that has been answered. When you are done, reply with the final answer and no call.";

constexpr std::string_view kTextSystem =
    R"(Solve the task you are given, step by step, with the tools listed below. You cannot see what a tool gives before you have ended your reply.

Each reply has one of two forms. To call a tool:
THOUGHT: why you do it
ACTION: name of one tool
INPUT: a JSON object with its arguments

To end:
THOUGHT: why you are done
FINAL_ANSWER: the answer alone

Rules: one form in each reply. Never write an OBSERVATION yourself: it comes to you. Do not repeat a call that has been answered.

Tools:
)";

std::string system_text(const Toolbox& tools, const ReactSettings& settings, int most) {
  std::string out = settings.instructions;
  const auto append = [&](const std::string& text) { out += (out.empty() ? "" : "\n\n") + text; };
  if (settings.text_protocol)
    append(fmt::format("{}{}\nYou have {} turns.", kTextSystem, tools.empty() ? "none\n" : tools.manual(),
                       most));
  else if (!tools.empty())
    append(std::string(kNativeSystem));
  return out;
}

/// What stands at the end of the newest message that is not the model's.
std::string closing(const ReactSettings& settings, int turn, int most) {
  if (turn >= most)
    return settings.text_protocol
               ? "This is your last turn. Reply with FINAL_ANSWER: and the answer, and no ACTION."
               : "This is your last turn. Give your final answer now, without calling a tool.";
  return settings.text_protocol ? fmt::format("Turn {} of {}.", turn, most) : std::string();
}

void append_text(Json& messages, const std::string& text) {
  if (text.empty()) return;
  auto& content = messages.back()["content"];
  content = content.get<std::string>() + "\n\n" + text;
}

void add_user(Json& messages, const std::string& text) {
  if (!text.empty()) messages.push_back({{"role", "user"}, {"content", to_valid_utf8(text)}});
}

/// Broken arguments are not sent back: templates of servers parse them and fail.
std::string sound_arguments(const std::string& arguments) {
  const auto json = parse_json(arguments);
  return json && json->is_object() ? arguments : "{}";
}

void add_native(Json& messages, const Turn& turn) {
  Json reply = {{"role", "assistant"}, {"content", to_valid_utf8(turn.text)}};
  for (const auto& o : turn.observations)
    reply["tool_calls"].push_back(
        {{"id", o.call.id},
         {"type", "function"},
         {"function", {{"name", o.call.name}, {"arguments", sound_arguments(o.call.arguments)}}}});
  messages.push_back(std::move(reply));
  for (const auto& o : turn.observations)
    messages.push_back({{"role", "tool"}, {"tool_call_id", o.call.id}, {"content", to_valid_utf8(o.text)}});
  add_user(messages, turn.remark);
}

void add_text(Json& messages, const Turn& turn) {
  messages.push_back({{"role", "assistant"}, {"content", to_valid_utf8(turn.text)}});
  std::string out;
  for (const auto& o : turn.observations)
    out += fmt::format("{}OBSERVATION ({}{}): {}", out.empty() ? "" : "\n\n", o.call.name,
                       o.failed ? ", failed" : "", o.text);
  if (!turn.remark.empty()) out += (out.empty() ? "" : "\n\n") + turn.remark;
  add_user(messages, out);
}

Json messages_of(const Conversation& conversation, const Toolbox& tools, const ReactSettings& settings,
                 int turn, int most) {
  Json messages = Json::array();
  if (const auto system = system_text(tools, settings, most); !system.empty())
    messages.push_back({{"role", "system"}, {"content", to_valid_utf8(system)}});
  add_user(messages, conversation.prompt);
  for (const auto& past : conversation.turns)
    settings.text_protocol ? add_text(messages, past) : add_native(messages, past);
  append_text(messages, closing(settings, turn, most));
  return messages;
}

}  // namespace

std::string request_json(const std::string& model, const Conversation& conversation, const Toolbox& tools,
                         const ReactSettings& settings, int turn, int most) {
  Json body = {{"model", model},
               {"messages", messages_of(conversation, tools, settings, turn, most)},
               {"stream", true}};
  if (settings.temperature) body["temperature"] = *settings.temperature;
  if (settings.max_tokens) body["max_tokens"] = *settings.max_tokens;
  if (settings.text_protocol) {
    body["stop"] = {"\nOBSERVATION"};
  } else if (!tools.empty()) {
    body["tools"] = *parse_json(tools.schemas_json());
    body["tool_choice"] = turn >= most ? "none" : "auto";
  }
  body.update(*parse_json(settings.extra_json));
  return dump_json(body);
}

bool shorten_oldest(Conversation& conversation) {
  std::size_t total = 0, saved = 0;
  for (const auto& turn : conversation.turns)
    for (const auto& o : turn.observations) total += o.text.size();
  for (auto& turn : conversation.turns)
    for (auto& o : turn.observations) {
      if (2 * saved >= total && saved > 0) return true;
      auto shorter = tools::shorten_middle(o.text, kKeptOfObservation);
      if (shorter.size() >= o.text.size()) continue;
      saved += o.text.size() - shorter.size();
      o.text = std::move(shorter);
    }
  return saved > 0;
}

}  // namespace ipw::agents
