// SPDX-License-Identifier: Apache-2.0
// The APIs by which agents ask models: what their requests and answers hold. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipw/clients/channel.h"
#include "ipw/clients/client.h"

namespace ipw::agents {

enum class ModelApi : std::uint8_t { Chat, Completions, Responses, Messages };
std::string_view to_string(ModelApi api);

/// The API of a request's target ("/v1/chat/completions?x=1"); absent where it asks no model.
std::optional<ModelApi> api_of(std::string_view method, std::string_view target);

/// A request as it goes on to the server.
struct ModelRequest {
  std::string body, model;
  bool streams = false;
  /// The agent did not ask a stream for its token counts; the body now does, and the event that brings them
  /// is to be kept from the agent.
  bool usage_is_ours = false;
};
/// A body that is no JSON object goes on as it is: the server says what is wrong with it.
ModelRequest read_request(ModelApi api, std::string body);

/// Whether a server-sent event holds token counts alone (protocols.md 2.1).
bool is_usage_alone(std::string_view event_data);

/// Read an answer: tokens, text, arrivals, and what is wrong with it.
clients::Response read_events(ModelApi api, std::span<const clients::StreamEvent> events);
clients::Response read_body(ModelApi api, std::string_view body, Instant received);

}  // namespace ipw::agents
