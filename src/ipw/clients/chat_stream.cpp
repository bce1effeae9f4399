// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/chat_stream.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/clients/stream_parts.h"

namespace ipw::clients {
namespace {

/// Servers name the reasoning channel differently, and some send it under two names at once.
std::string reasoning_of(const Json& delta) {
  for (const char* key : {"reasoning", "reasoning_content", "thinking"})
    if (auto text = text_at(delta, key); !text.empty()) return text;
  return {};
}

class ChatReader {
 public:
  void add(const StreamEvent& event) {
    if (trim(event.data) == "[DONE]") {
      ended_ = true;
      return;
    }
    const auto json = parse_json(event.data);
    if (!json || !json->is_object())
      return collected_.fail("protocol", fmt::format("the stream holds something else than a JSON object: {}",
                                                     to_valid_utf8(event.data.substr(0, 100))));
    if (is_error(*json)) return collected_.fail("server", server_message(*json));
    keep_facts(*json);
    if (const Json& choices = member(*json, "choices"); choices.is_array() && !choices.empty())
      add_choice(choices[0], event.received);
  }
  Response take(bool stream);

 private:
  void keep_facts(const Json& event) {
    if (const Json& usage = member(event, "usage"); usage.is_object()) usage_ = usage;
    if (const Json& timings = member(event, "timings"); timings.is_object()) timings_ = timings;
  }
  void add_choice(const Json& choice, Instant received);
  void add_usage(Usage& usage) const;

  Collected collected_;
  Json usage_, timings_;
  std::int64_t counted_ = 0;
  bool ended_ = false;
};

void ChatReader::add_choice(const Json& choice, Instant received) {
  const Json& delta =
      member(choice, "delta").is_object() ? member(choice, "delta") : member(choice, "message");
  const auto finish = text_at(choice, "finish_reason");
  if (!finish.empty()) collected_.response.finish_reason = finish;
  const auto text = text_at(delta, "content") + text_at(delta, "refusal") + text_at(choice, "text");
  const bool carried = collected_.add(text, reasoning_of(delta), member(delta, "tool_calls"), received);
  // A server that holds text back (tool parsers) still counts: the token arrived now.
  const auto count = count_of(usage_, "completion_tokens").value_or(0);
  if (!carried && finish.empty() && count > counted_) collected_.response.arrivals.push_back(received);
  counted_ = std::max(counted_, count);
}

void ChatReader::add_usage(Usage& usage) const {
  usage.prompt_tokens = count_of(usage_, "prompt_tokens");
  usage.completion_tokens = count_of(usage_, "completion_tokens");
  usage.cached_tokens = count_of(member(usage_, "prompt_tokens_details"), "cached_tokens");
  usage.reasoning_tokens = count_of(member(usage_, "completion_tokens_details"), "reasoning_tokens");
  if (!usage.completion_tokens) usage.completion_tokens = count_of(timings_, "predicted_n");
  if (!usage.cached_tokens) usage.cached_tokens = count_of(timings_, "cache_n");
  // llama-server's prompt_n leaves the cached part out.
  if (const auto fresh = count_of(timings_, "prompt_n"); fresh && !usage.prompt_tokens)
    usage.prompt_tokens = *fresh + usage.cached_tokens.value_or(0);
  if (usage.prompt_tokens || usage.completion_tokens) usage.source = "server";
}

Response ChatReader::take(bool stream) {
  Response& response = collected_.response;
  add_usage(response.usage);
  response.prefill = milliseconds_of(timings_, "prompt_ms");
  response.decode = milliseconds_of(timings_, "predicted_ms");
  Json facts = Json::object();
  if (!usage_.is_null()) facts["usage"] = usage_;
  if (!timings_.is_null()) facts["timings"] = timings_;
  if (!facts.empty()) response.timings_json = dump_json(facts);
  if (stream && !ended_ && response.finish_reason.empty())
    collected_.fail("protocol",
                    "the stream ended before the answer did: neither a finish reason nor [DONE] came");
  if (!stream) {
    response.arrivals.clear();
    response.first_content.reset();
    response.notes.push_back("the server did not stream: there is no time to the first token");
  }
  return collected_.take();
}

}  // namespace

Response read_chat_stream(std::span<const StreamEvent> events) {
  ChatReader reader;
  for (const auto& event : events) reader.add(event);
  return reader.take(true);
}

Response read_chat_body(std::string_view body, Instant received) {
  const auto json = parse_json(body);
  if (json && json->is_object() && (is_error(*json) || json->contains("choices"))) {
    ChatReader reader;
    reader.add({std::string(body), received, false});
    return reader.take(false);
  }
  Response response;
  response.failure = Failure{"protocol", fmt::format("the answer is no event stream: {}", error_text(body))};
  return response;
}

namespace {

std::optional<Seconds> nanoseconds_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_number() || value.get<double>() < 0) return {};
  return Seconds(value.get<double>() / 1e9);
}

/// Read the figures of the line with "done": true. What is absent stays absent: Ollama leaves zeros and
/// cached prompts out.
void add_ollama_facts(Response& response, const Json& line) {
  response.finish_reason = text_at(line, "done_reason").empty() ? "stop" : text_at(line, "done_reason");
  response.usage.prompt_tokens = count_of(line, "prompt_eval_count");
  response.usage.completion_tokens = count_of(line, "eval_count");
  if (response.usage.prompt_tokens || response.usage.completion_tokens) response.usage.source = "server";
  response.prefill = nanoseconds_of(line, "prompt_eval_duration");
  response.decode = nanoseconds_of(line, "eval_duration");
  Json facts = Json::object();
  for (const auto& [key, value] : line.items())
    if (value.is_number()) facts[key] = value;
  response.timings_json = dump_json(facts);
}

}  // namespace

Response read_ollama_stream(std::span<const StreamEvent> events) {
  Collected collected;
  bool ended = false;
  for (const auto& event : events) {
    const auto line = parse_json(event.data);
    if (!line || !line->is_object()) {
      collected.fail("protocol", fmt::format("the stream holds something else than a JSON object: {}",
                                             to_valid_utf8(event.data.substr(0, 100))));
      continue;
    }
    if (is_error(*line)) {
      collected.fail("server", server_message(*line));
      continue;
    }
    const Json& message = member(*line, "message").is_object() ? member(*line, "message") : *line;
    collected.add(text_at(message, "content") + text_at(message, "response"), text_at(message, "thinking"),
                  member(message, "tool_calls"), event.received);
    if (member(*line, "done") == true) {
      ended = true;
      add_ollama_facts(collected.response, *line);
    }
  }
  if (!ended)
    collected.fail("protocol", "the stream ended before the answer did: no line with \"done\": true came");
  return collected.take();
}

}  // namespace ipw::clients
