// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::tools::mcp {
namespace {

ServerStep refuse(const Message& message, int code, std::string why, std::string data = "") {
  ServerStep out;
  out.reply = error_line(message.id, {code, std::move(why), std::move(data)});
  out.fault = code;
  return out;
}

ServerStep reply(const Message& message, const Json& result) {
  ServerStep out;
  out.reply = result_line(message.id, dump_json(result));
  return out;
}

Json server_info() {
  return {{"name", "ipw"}, {"title", "Intelligence Per Watt"}, {"version", IPW_VERSION}};
}

/// What every modern result has besides; `cached`: those that say for how long they hold.
void add_modern(Json& result, bool cached) {
  result["resultType"] = "complete";
  if (cached) {
    result["ttlMs"] = 0;
    result["cacheScope"] = "private";
  }
  result["_meta"] = {{kServerKey, server_info()}};
}

/// A body that parse_packet() has made, so that it is an object.
Json body_of(const Message& message) {
  return Json::parse(message.body);
}

/// Null where there is no `_meta` in the era's own form.
Json modern_meta(const Json& params) {
  const auto meta = params.find("_meta");
  const bool modern = meta != params.end() && meta->is_object() &&
                      (meta->contains(kVersionKey) || meta->contains(kCapabilitiesKey));
  return modern ? *meta : Json(nullptr);
}

ServerStep discover(const Message& message) {
  Json result = {{"supportedVersions", kModernVersions}, {"capabilities", {{"tools", Json::object()}}}};
  add_modern(result, true);
  return reply(message, result);
}

/// What is wrong with the head of a modern request.
std::optional<ServerStep> wrong_head(const Message& message, const Json& meta) {
  const auto version = meta.find(kVersionKey), capabilities = meta.find(kCapabilitiesKey);
  if (version == meta.end() || !version->is_string() || capabilities == meta.end() ||
      !capabilities->is_object())
    return refuse(message, code::kInvalidParams,
                  fmt::format("_meta needs the text {} and the object {}", kVersionKey, kCapabilitiesKey));
  const auto wanted = version->get<std::string>();
  if (is_modern(wanted)) return std::nullopt;
  const Json data = {{"supported", kModernVersions}, {"requested", wanted}};
  return refuse(message, code::kUnsupportedVersion, "unsupported protocol version '" + wanted + "'",
                dump_json(data));
}

}  // namespace

std::string version_of(const Message& request) {
  if (request.body.empty()) return {};  // an error, or no message at all
  const auto meta = modern_meta(body_of(request));
  return meta.is_object() && meta.contains(kVersionKey) && meta[kVersionKey].is_string()
             ? meta[kVersionKey].get<std::string>()
             : "";
}

ServerStep ServerSession::take(const Message& message) {
  ServerStep out;
  if (message.kind == Message::Kind::Invalid)
    return refuse(message, message.fault.code, message.fault.message);
  if (message.kind == Message::Kind::Request) return request(message);
  if (message.kind == Message::Kind::Notification && message.method == "notifications/cancelled") {
    const auto params = body_of(message);
    if (const auto id = params.find("requestId"); id != params.end()) out.cancels = dump_json(*id);
  }
  return out;  // responses: we have asked nothing
}

ServerStep ServerSession::request(const Message& message) {
  const auto meta = modern_meta(body_of(message));
  if (meta.is_object()) {
    if (auto wrong = wrong_head(message, meta)) return *wrong;
    return message.method == "server/discover" ? discover(message) : serve(message, true);
  }
  if (message.method == "initialize") return initialize(message);
  if (message.method == "ping") return reply(message, Json::object());
  if (message.method == "server/discover")
    return refuse(message, code::kInvalidParams, fmt::format("_meta lacks {}", kVersionKey));
  if (version_.empty())
    return refuse(message, code::kInvalidRequest,
                  "initialize comes first, or _meta with the version of the protocol");
  return serve(message, false);
}

ServerStep ServerSession::initialize(const Message& message) {
  if (!version_.empty()) return refuse(message, code::kInvalidRequest, "this session is initialized already");
  const auto params = body_of(message);
  const auto wanted = params.find("protocolVersion");
  if (wanted == params.end() || !wanted->is_string())
    return refuse(message, code::kInvalidParams, "initialize needs protocolVersion, a text");
  const auto asked = wanted->get<std::string>();
  version_ = is_legacy(asked) ? asked : std::string(kLegacyVersions.back());
  return reply(message, {{"protocolVersion", version_},
                         {"capabilities", {{"tools", Json::object()}}},
                         {"serverInfo", server_info()}});
}

ServerStep ServerSession::serve(const Message& message, bool modern) const {
  if (message.method == "tools/list") return list(message, modern);
  if (message.method == "tools/call") return call(message, modern);
  return refuse(message, code::kMethodNotFound, "no method '" + message.method + "'");
}

ServerStep ServerSession::list(const Message& message, bool modern) const {
  const auto params = body_of(message);
  if (const auto cursor = params.find("cursor"); cursor != params.end() && !cursor->is_null())
    return refuse(message, code::kInvalidParams, "no such cursor: all tools stand on the first page");
  Json tools = Json::array();
  for (const auto& tool : tools_) {
    const auto& spec = tool->spec();
    tools.push_back({{"name", spec.name},
                     {"description", spec.description},
                     {"inputSchema", Json::parse(spec.parameters_json)}});
  }
  Json result = {{"tools", std::move(tools)}};
  if (modern) add_modern(result, true);
  return reply(message, result);
}

ServerStep ServerSession::call(const Message& message, bool modern) const {
  const auto params = body_of(message);
  const auto name = params.find("name"), arguments = params.find("arguments");
  const bool given = arguments != params.end() && !arguments->is_null();
  if (name == params.end() || !name->is_string() || (given && !arguments->is_object()))
    return refuse(message, code::kInvalidParams, "a call needs name, a text; arguments are an object");
  const auto wanted = name->get<std::string>();
  const auto tool =
      std::ranges::find_if(tools_, [&](const auto& each) { return each->spec().name == wanted; });
  if (tool == tools_.end()) return refuse(message, code::kInvalidParams, "unknown tool '" + wanted + "'");
  ServerStep out;
  out.call = ServerCall{message.id, tool->get(), given ? dump_json(*arguments) : "{}", modern};
  return out;
}

std::string reply_to(const ServerCall& call, const ToolResult& result) {
  Json out = {{"content", Json::array({Json{{"type", "text"}, {"text", result.text}}})},
              {"isError", result.failed}};
  if (call.modern) add_modern(out, false);
  return result_line(call.id, dump_json(out));
}

}  // namespace ipw::tools::mcp
