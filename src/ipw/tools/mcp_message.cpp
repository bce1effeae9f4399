// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::tools::mcp {
namespace {

Message invalid(int code, std::string why, std::string id = "null") {
  Message out;
  out.kind = Message::Kind::Invalid;
  out.id = std::move(id);
  out.fault = {code, std::move(why), ""};
  return out;
}

bool is_id(const Json& value) {
  return value.is_string() || value.is_number_integer();
}

/// An object that must be one where it is there.
bool take_object(const Json& from, const char* key, std::string& into) {
  into = "{}";
  const auto at = from.find(key);
  if (at == from.end()) return true;
  if (at->is_object()) into = dump_json(*at);
  return at->is_object();
}

Message read_call(const Json& value, bool has_id, std::string id) {
  Message out;
  out.kind = has_id ? Message::Kind::Request : Message::Kind::Notification;
  out.method = value["method"].get<std::string>();
  if (!take_object(value, "params", out.body))
    return invalid(code::kInvalidRequest, "params must be an object", std::move(id));
  out.id = std::move(id);
  return out;
}

Message read_error(const Json& error, std::string id) {
  const auto number = error.is_object() ? error.find("code") : error.end();
  const auto text = error.is_object() ? error.find("message") : error.end();
  if (!error.is_object() || number == error.end() || !number->is_number_integer() || text == error.end() ||
      !text->is_string())
    return invalid(code::kInvalidRequest, "an error needs a code and a message", std::move(id));
  Message out;
  out.kind = Message::Kind::Error;
  out.id = std::move(id);
  const auto wide = number->get<std::int64_t>();
  out.fault.code = static_cast<int>(std::clamp<std::int64_t>(wide, INT32_MIN, INT32_MAX));
  out.fault.message = text->get<std::string>();
  if (const auto data = error.find("data"); data != error.end()) out.fault.data = dump_json(*data);
  return out;
}

Message read_message(const Json& value) {
  if (!value.is_object()) return invalid(code::kInvalidRequest, "a message must be an object");
  const auto id_at = value.find("id");
  const bool has_id = id_at != value.end();
  const bool good_id = has_id && is_id(*id_at);
  std::string id = good_id ? dump_json(*id_at) : "null";
  const auto version = value.find("jsonrpc");
  if (version == value.end() || *version != "2.0")
    return invalid(code::kInvalidRequest, "jsonrpc must be \"2.0\"", std::move(id));
  if (const auto method = value.find("method"); method != value.end()) {
    if (!method->is_string() || (has_id && !good_id))
      return invalid(code::kInvalidRequest, "method must be a text, id a whole number or a text",
                     std::move(id));
    return read_call(value, has_id, std::move(id));
  }
  if (const auto error = value.find("error"); error != value.end())
    return read_error(*error, std::move(id));  // its id is null when the request could not be read
  Message out;
  out.kind = Message::Kind::Result;
  if (!good_id || !value.contains("result") || !take_object(value, "result", out.body))
    return invalid(code::kInvalidRequest, "neither a request, a notification nor a response", std::move(id));
  out.id = std::move(id);
  return out;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kOpen = "=?base64?", kClose = "?=";

std::string to_base64(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (unsigned k = 0; k < 4; ++k) out += i + k > text.size() ? '=' : kBase64[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string from_base64(std::string_view text) {
  std::string out;
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    const auto digit = kBase64.find(c);
    if (digit == kBase64.npos) break;
    bits = bits << 6 | static_cast<unsigned>(digit);
    if (++count % 4 != 1) out += static_cast<char>(bits >> (6 - 2 * ((count - 1) % 4)) & 255);
  }
  return out;
}

}  // namespace

bool is_legacy(std::string_view version) {
  return std::ranges::find(kLegacyVersions, version) != kLegacyVersions.end();
}

bool is_modern(std::string_view version) {
  return std::ranges::find(kModernVersions, version) != kModernVersions.end();
}

Packet parse_packet(std::string_view text) {
  if (text.size() > kMaxMessage)
    return {{invalid(code::kInvalidRequest, "the message is larger than " + human_bytes(kMaxMessage))}};
  const auto parsed = parse_json(text);
  if (!parsed) return {{invalid(code::kParse, "no JSON: " + parsed.error())}};
  if (!parsed->is_array()) return {{read_message(*parsed)}};
  if (parsed->empty() || parsed->size() > kMaxBatch)
    return {{invalid(code::kInvalidRequest, fmt::format("a batch holds 1 to {} messages", kMaxBatch))}};
  Packet out;
  out.batch = true;
  for (const auto& value : *parsed) out.messages.push_back(read_message(value));
  return out;
}

std::string error_line(std::string_view id, const Fault& fault) {
  const auto data = fault.data.empty() ? "" : ",\"data\":" + fault.data;
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":{},"message":{}{}}}}})", id, fault.code,
                     dump_json(fault.message), data);
}

std::string result_line(std::string_view id, std::string_view result) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id, result);
}

std::string to_line(const Message& message) {
  using Kind = Message::Kind;
  if (message.kind == Kind::Result) return result_line(message.id, message.body);
  if (message.kind == Kind::Error || message.kind == Kind::Invalid)
    return error_line(message.id, message.fault);
  const auto id = message.kind == Kind::Request ? fmt::format("\"id\":{},", message.id) : "";
  const auto params = message.body.empty() || message.body == "{}" ? "" : ",\"params\":" + message.body;
  return fmt::format(R"({{"jsonrpc":"2.0",{}"method":{}{}}})", id, dump_json(message.method), params);
}

std::string header_value(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); }) &&
                     trim(text).size() == text.size() && !(text.starts_with(kOpen) && text.ends_with(kClose));
  if (plain) return std::string(text);
  return fmt::format("{}{}{}", kOpen, to_base64(text), kClose);
}

std::string from_header_value(std::string_view value) {
  if (!value.starts_with(kOpen) || !value.ends_with(kClose) || value.size() < kOpen.size() + kClose.size())
    return std::string(value);
  value.remove_prefix(kOpen.size());
  value.remove_suffix(kClose.size());
  return from_base64(value);
}

}  // namespace ipw::tools::mcp
