// SPDX-License-Identifier: Apache-2.0
// Any lines as the events of an inference server, of OpenAI's kind and of Ollama's, as a body that is no
// stream and as an exposition of metrics: an answer with what could be read, a reason where something is
// wrong.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/clients/chat_stream.h"
#include "ipw/clients/prometheus.h"

namespace {

using namespace ipw::clients;

void check(const Response& response) {
  if (response.failure && (response.failure->kind.empty() || response.failure->message.empty())) std::abort();
  for (const auto& text : {response.tool_calls_json, response.timings_json})
    if (!text.empty() && !ipw::parse_json(text)) std::abort();
  for (const auto& count : {response.usage.prompt_tokens, response.usage.completion_tokens})
    if (count && *count < 0) std::abort();
  for (const auto& time : {response.prefill, response.decode})
    if (time && !(time->count() >= 0 && std::isfinite(time->count()))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<StreamEvent> events;
  for (const auto line : ipw::split(text, '\n')) events.push_back({std::string(line), {}, false});
  check(read_chat_stream(events));
  check(read_ollama_stream(events));
  check(read_chat_body(text, {}));
  for (const auto& sample : parse_prometheus(text))
    if (!std::isfinite(sample.value)) std::abort();
  return 0;
}
