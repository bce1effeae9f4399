// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/model_api.h"

#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/clients/chat_stream.h"
#include "ipw/clients/item_stream.h"

namespace ipw::agents {
namespace {

struct ApiRow {
  ModelApi api;
  std::string_view name, ending;
};
constexpr std::array kApis = {ApiRow{ModelApi::Chat, "chat", "/chat/completions"},
                              ApiRow{ModelApi::Completions, "completions", "/completions"},
                              ApiRow{ModelApi::Responses, "responses", "/responses"},
                              ApiRow{ModelApi::Messages, "messages", "/messages"}};

bool asks_for_usage(const Json& request) {
  const auto options = request.find("stream_options");
  return options != request.end() && options->is_object() && options->value("include_usage", Json()) == true;
}

}  // namespace

std::string_view to_string(ModelApi api) {
  return kApis[static_cast<std::size_t>(api)].name;
}

std::optional<ModelApi> api_of(std::string_view method, std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  if (method != "POST") return std::nullopt;
  for (const auto& row : kApis)
    if (path.ends_with(row.ending)) return row.api;
  return std::nullopt;
}

ModelRequest read_request(ModelApi api, std::string body) {
  ModelRequest out;
  auto json = parse_json(body);
  out.body = std::move(body);
  if (!json || !json->is_object()) return out;
  if (const auto model = json->find("model"); model != json->end() && model->is_string())
    out.model = model->get<std::string>();
  out.streams = json->value("stream", Json()) == true;
  const bool can_ask = api == ModelApi::Chat || api == ModelApi::Completions;
  if (!out.streams || !can_ask || asks_for_usage(*json)) return out;
  (*json)["stream_options"]["include_usage"] = true;
  out.body = dump_json(*json);
  out.usage_is_ours = true;
  return out;
}

bool is_usage_alone(std::string_view event_data) {
  if (event_data.find("\"usage\"") == event_data.npos) return false;
  const auto json = parse_json(event_data);
  if (!json || !json->is_object()) return false;
  const auto choices = json->find("choices"), usage = json->find("usage");
  return choices != json->end() && choices->is_array() && choices->empty() && usage != json->end() &&
         usage->is_object();
}

clients::Response read_events(ModelApi api, std::span<const clients::StreamEvent> events) {
  switch (api) {
    case ModelApi::Responses:
      return clients::read_responses_stream(events);
    case ModelApi::Messages:
      return clients::read_messages_stream(events);
    case ModelApi::Chat:
    case ModelApi::Completions:
      break;
  }
  return clients::read_chat_stream(events);
}

clients::Response read_body(ModelApi api, std::string_view body, Instant received) {
  switch (api) {
    case ModelApi::Responses:
      return clients::read_responses_body(body);
    case ModelApi::Messages:
      return clients::read_messages_body(body);
    case ModelApi::Chat:
    case ModelApi::Completions:
      break;
  }
  return clients::read_chat_body(body, received);
}

}  // namespace ipw::agents
