// SPDX-License-Identifier: Apache-2.0
// Read the events of OpenAI's Responses and of Anthropic's Messages. Pure functions of the events.
#pragma once
#include <span>
#include <string_view>

#include "ipw/clients/channel.h"
#include "ipw/clients/client.h"

namespace ipw::clients {

/// Read `response.*` events (protocols.md 4). Anything that is not as it should be becomes the failure,
/// beside what could be read.
Response read_responses_stream(std::span<const StreamEvent> events);
Response read_responses_body(std::string_view body);

/// Read Anthropic's `message_start` to `message_stop` (docs.anthropic.com, Streaming Messages). Its
/// input_tokens leave the cached ones out; here the prompt has them.
Response read_messages_stream(std::span<const StreamEvent> events);
Response read_messages_body(std::string_view body);

}  // namespace ipw::clients
