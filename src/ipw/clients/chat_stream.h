// SPDX-License-Identifier: Apache-2.0
// Read the events of OpenAI chat completions and of Ollama's own protocol. Pure functions of the events.
#pragma once
#include <span>
#include <string_view>

#include "ipw/clients/channel.h"
#include "ipw/clients/client.h"

namespace ipw::clients {

/// Read `chat.completion.chunk` events (protocols.md 2): text of every channel, tool calls, usage,
/// llama-server's timings. Anything that is not as it should be becomes the failure, beside what could be
/// read.
Response read_chat_stream(std::span<const StreamEvent> events);

/// Read a body that is no stream: a whole chat completion, an error object, or a web page.
Response read_chat_body(std::string_view body, Instant received);

/// Read the lines of /api/chat and /api/generate (protocols.md 5). Durations are nanoseconds there.
Response read_ollama_stream(std::span<const StreamEvent> events);

}  // namespace ipw::clients
