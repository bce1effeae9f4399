// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/stream_parts.h"

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/clients/channel.h"

namespace ipw::clients {

std::optional<std::int64_t> count_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return {};
  return value.get<std::int64_t>();
}

std::optional<Seconds> milliseconds_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_number() || value.get<double>() < 0) return {};
  return Seconds(value.get<double>() / 1e3);
}

std::string server_message(const Json& event) {
  return error_text(dump_json(event));
}

bool is_error(const Json& event) {
  return !member(event, "error").is_null() || text_at(event, "object") == "error";
}

bool ToolCalls::add(const Json& fragments) {
  bool carried = false;
  if (!fragments.is_array()) return false;
  for (std::size_t i = 0; i < fragments.size(); ++i) carried |= add(fragments[i], i);
  return carried;
}

std::string ToolCalls::json() const {
  Json list = Json::array();
  for (const auto& call : calls_)
    list.push_back({{"id", call.id},
                    {"type", "function"},
                    {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  return list.empty() ? std::string() : dump_json(list);
}

ToolCalls::Call& ToolCalls::call_of(const Json& fragment, std::size_t position) {
  const auto index = count_of(fragment, "index");
  const auto id = text_at(fragment, "id");
  for (auto& call : calls_)
    if (index         ? call.index == *index
        : !id.empty() ? call.id == id
                      : call.index == static_cast<std::int64_t>(position))
      return call;
  const auto next = index.value_or(id.empty() ? static_cast<std::int64_t>(position)
                                              : static_cast<std::int64_t>(calls_.size()));
  return calls_.emplace_back(Call{next, id, {}, {}});
}

bool ToolCalls::add(const Json& fragment, std::size_t position) {
  Call& call = call_of(fragment, position);
  const Json& function = member(fragment, "function");
  if (call.id.empty()) call.id = text_at(fragment, "id");
  call.name += text_at(function, "name");
  const Json& arguments = member(function, "arguments");
  const auto text = arguments.is_object() ? dump_json(arguments) : text_at(function, "arguments");
  call.arguments += text;
  return !text.empty();
}

void Collected::fail(std::string kind, std::string message) {
  if (!response.failure) response.failure = Failure{std::move(kind), std::move(message)};
}

bool Collected::add(const std::string& content, const std::string& reasoning, const Json& tool_calls,
                    Instant received) {
  response.content += content;
  response.reasoning += reasoning;
  if (!content.empty() && !response.first_content) response.first_content = received;
  const bool called = tools.add(tool_calls);
  if (content.empty() && reasoning.empty() && !called) return false;
  response.arrivals.push_back(received);
  return true;
}

Response Collected::take() {
  response.tool_calls_json = tools.json();
  if (response.content.find("<think>") != std::string::npos)
    response.notes.push_back("the reasoning stands inside the answer, in <think>");
  count_if_unknown(response);
  return std::move(response);
}

}  // namespace ipw::clients
