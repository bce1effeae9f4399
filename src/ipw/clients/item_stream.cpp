// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/item_stream.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/clients/stream_parts.h"

namespace ipw::clients {
namespace {

/// One fragment of a tool call in the form that ToolCalls joins.
Json call_fragment(const Json& index, const std::string& id, const std::string& name,
                   const std::string& arguments) {
  Json out = {{"id", id}, {"function", {{"name", name}, {"arguments", arguments}}}};
  if (index.is_number_integer()) out["index"] = index;
  return Json::array({std::move(out)});
}

void keep_usage(Response& response, const Json& usage) {
  if (usage.is_object()) response.timings_json = dump_json({{"usage", usage}});
  if (response.usage.prompt_tokens || response.usage.completion_tokens) response.usage.source = "server";
}

/// What the two protocols do alike with their events.
template <class Reader>
Response read_stream(Reader reader, std::span<const StreamEvent> events) {
  for (const auto& event : events) {
    if (trim(event.data) == "[DONE]") continue;
    const auto json = parse_json(event.data);
    if (!json || !json->is_object())
      reader.collected.fail("protocol", fmt::format("the stream holds something else than a JSON object: {}",
                                                    to_valid_utf8(event.data.substr(0, 100))));
    else if (text_at(*json, "type") == "error" || is_error(*json))
      reader.collected.fail("server", server_message(*json));
    else
      reader.add(*json, event.received);
  }
  if (!reader.ended) reader.collected.fail("protocol", "the stream ended before the answer did");
  return reader.collected.take();
}

template <class Reader>
Response read_body(Reader reader, std::string_view body) {
  const auto json = parse_json(body);
  if (!json || !json->is_object())
    reader.collected.fail("protocol", fmt::format("the answer is no JSON object: {}", error_text(body)));
  else if (text_at(*json, "type") == "error" || is_error(*json))
    reader.collected.fail("server", server_message(*json));
  else
    reader.whole(*json);
  auto& response = reader.collected.response;
  response.arrivals.clear();
  response.first_content.reset();
  response.notes.push_back("the server did not stream: there is no time to the first token");
  return reader.collected.take();
}

struct ResponsesReader {
  Collected collected;
  bool ended = false;

  void add(const Json& event, Instant received) {
    const auto type = text_at(event, "type");
    const auto delta = text_at(event, "delta");
    if (type == "response.output_text.delta" || type == "response.refusal.delta")
      collected.add(delta, {}, {}, received);
    else if (type == "response.reasoning_text.delta" || type == "response.reasoning_summary_text.delta")
      collected.add({}, delta, {}, received);
    else if (type == "response.output_item.added")
      add_call(member(event, "output_index"), member(event, "item"), {}, received);
    else if (type == "response.function_call_arguments.delta")
      collected.add({}, {}, call_fragment(member(event, "output_index"), {}, {}, delta), received);
    else if (type == "response.completed" || type == "response.incomplete" || type == "response.failed")
      end(member(event, "response"));
  }
  void whole(const Json& object) {
    const auto& items = member(object, "output");
    for (std::size_t i = 0; items.is_array() && i < items.size(); ++i) {
      if (text_at(items[i], "type") == "message")
        for (const auto& part : member(items[i], "content")) collected.add(text_at(part, "text"), {}, {}, {});
      add_call(i, items[i], text_at(items[i], "arguments"), {});
    }
    end(object);
  }

 private:
  void add_call(const Json& index, const Json& item, const std::string& arguments, Instant received) {
    if (text_at(item, "type") != "function_call") return;
    collected.add({}, {}, call_fragment(index, text_at(item, "call_id"), text_at(item, "name"), arguments),
                  received);
  }
  void end(const Json& object) {
    ended = true;
    Response& response = collected.response;
    const auto status = text_at(object, "status");
    response.finish_reason = status == "incomplete" ? "length" : status == "completed" ? "stop" : status;
    if (!member(object, "error").is_null()) collected.fail("server", server_message(object));
    const Json& usage = member(object, "usage");
    response.usage.prompt_tokens = count_of(usage, "input_tokens");
    response.usage.completion_tokens = count_of(usage, "output_tokens");
    response.usage.cached_tokens = count_of(member(usage, "input_tokens_details"), "cached_tokens");
    response.usage.reasoning_tokens = count_of(member(usage, "output_tokens_details"), "reasoning_tokens");
    keep_usage(response, usage);
  }
};

std::string finish_of(const std::string& reason) {
  if (reason == "end_turn" || reason == "stop_sequence") return "stop";
  if (reason == "max_tokens") return "length";
  return reason == "tool_use" ? "tool_calls" : reason;
}

struct MessagesReader {
  Collected collected;
  bool ended = false;

  void add(const Json& event, Instant received) {
    const auto type = text_at(event, "type");
    if (type == "message_start")
      take_usage(member(member(event, "message"), "usage"));
    else if (type == "content_block_start")
      add_call(member(event, "index"), member(event, "content_block"), {}, received);
    else if (type == "content_block_delta")
      add_delta(member(event, "index"), member(event, "delta"), received);
    else if (type == "message_delta")
      end(member(event, "delta"), member(event, "usage"));
    else if (type == "message_stop")
      ended = true;
  }
  void whole(const Json& object) {
    const auto& blocks = member(object, "content");
    for (std::size_t i = 0; blocks.is_array() && i < blocks.size(); ++i) {
      const auto& input = member(blocks[i], "input");
      collected.add(text_at(blocks[i], "text"), text_at(blocks[i], "thinking"), {}, {});
      add_call(i, blocks[i], input.is_null() ? "" : dump_json(input), {});
    }
    end(object, member(object, "usage"));
  }

 private:
  void add_call(const Json& index, const Json& block, const std::string& arguments, Instant received) {
    if (text_at(block, "type") != "tool_use") return;
    collected.add({}, {}, call_fragment(index, text_at(block, "id"), text_at(block, "name"), arguments),
                  received);
  }
  void add_delta(const Json& index, const Json& delta, Instant received) {
    const auto part = text_at(delta, "partial_json");
    collected.add(text_at(delta, "text"), text_at(delta, "thinking"),
                  part.empty() ? Json() : call_fragment(index, {}, {}, part), received);
  }
  void end(const Json& delta, const Json& usage) {
    take_usage(usage);
    collected.response.finish_reason = finish_of(text_at(delta, "stop_reason"));
  }
  /// Later events amend earlier ones.
  void take_usage(const Json& usage) {
    if (!usage.is_object()) return;
    usage_.update(usage);
    auto& out = collected.response.usage;
    const auto fresh = count_of(usage_, "input_tokens"), cached = count_of(usage_, "cache_read_input_tokens"),
               written = count_of(usage_, "cache_creation_input_tokens");
    if (fresh) out.prompt_tokens = *fresh + cached.value_or(0) + written.value_or(0);
    out.cached_tokens = cached;
    out.completion_tokens = count_of(usage_, "output_tokens");
    keep_usage(collected.response, usage_);
  }

  Json usage_ = Json::object();
};

}  // namespace

Response read_responses_stream(std::span<const StreamEvent> events) {
  return read_stream(ResponsesReader(), events);
}
Response read_responses_body(std::string_view body) {
  return read_body(ResponsesReader(), body);
}
Response read_messages_stream(std::span<const StreamEvent> events) {
  return read_stream(MessagesReader(), events);
}
Response read_messages_body(std::string_view body) {
  return read_body(MessagesReader(), body);
}

}  // namespace ipw::clients
