// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/clients/chat_stream.h"

namespace ipw::agents {
namespace {

constexpr Seconds kFirstPause{0.5}, kLongestPause{8}, kLongestAskedPause{60};
constexpr Seconds kStopLatency{0.05};

bool helps_to_retry(const ModelReply& reply) {
  if (!reply.failure || reply.too_long) return false;
  const auto& failure = *reply.failure;
  if (failure.http_status == 429 || failure.http_status >= 500) return true;
  return failure.kind == "connect" || (failure.kind == "protocol" && failure.http_status == 0);
}

/// The calls in OpenAI's form, with ids of ours where a server gave none or one twice.
std::vector<ToolCall> calls_of(const std::string& json) {
  std::vector<ToolCall> out;
  const auto list = parse_json(json);
  if (!list || !list->is_array()) return out;
  std::set<std::string> ids;
  for (const auto& row : *list) {
    const Json function = row.value("function", Json::object());
    ToolCall call{text_at(row, "id"), text_at(function, "name"), text_at(function, "arguments")};
    if (call.id.empty() || ids.contains(call.id)) call.id = fmt::format("call_{}", out.size() + 1);
    ids.insert(call.id);
    out.push_back(std::move(call));
  }
  return out;
}

}  // namespace

struct ModelLink::Attempt {
  ModelReply reply;
  std::optional<Seconds> pause;  ///< that the server asked for
};

bool says_too_long(const clients::Failure& failure) {
  const auto status = failure.http_status;
  if (status != 400 && status != 413 && status != 422 && status != 500) return false;
  const auto text = to_lower_ascii(failure.message);
  constexpr std::array<std::string_view, 6> kSigns = {"context length",     "context size",
                                                      "context window",     "context_length",
                                                      "prompt is too long", "maximum context"};
  return std::ranges::any_of(kSigns, [&](auto sign) { return text.find(sign) != std::string::npos; });
}

ModelLink::Attempt ModelLink::attempt(const ModelAccess& model, const std::string& body_json, Seconds timeout,
                                      const std::stop_token& stop) {
  const auto exchange = channel_.stream(
      clients::json_post(http::join_url(model.base_url, "chat/completions"), body_json, model.key, timeout),
      clients::Framing::Sse, stop);
  const int status = exchange.result.status;
  clients::Response response;
  if (status >= 200 && status < 300)
    response = exchange.events.empty() ? clients::read_chat_body(exchange.body, exchange.result.done)
                                       : clients::read_chat_stream(exchange.events);
  clients::add_transfer(response, exchange);
  clients::redact(response, model.key);
  Attempt out;
  out.reply.content = std::move(response.content);
  out.reply.finish_reason = std::move(response.finish_reason);
  out.reply.calls = calls_of(response.tool_calls_json);
  out.reply.failure = std::move(response.failure);
  out.reply.out_of_turns = status == 403 && exchange.body.find("limit_reached") != std::string::npos;
  out.reply.too_long = out.reply.failure && says_too_long(*out.reply.failure);
  if (const auto asked = http::header(exchange.result.headers, "Retry-After"))
    if (const auto seconds = parse_double(trim(*asked)); seconds && *seconds >= 0)
      out.pause = std::min(kLongestAskedPause, Seconds(*seconds));
  return out;
}

/// False when it was ended by a stop.
bool ModelLink::wait(Seconds pause, const std::stop_token& stop) {
  const Instant end = clock_.now() + from_seconds(pause.count());
  while (!stop.stop_requested() && clock_.now() < end)
    clock_.sleep_until(std::min(end, clock_.now() + from_seconds(kStopLatency.count())));
  return !stop.stop_requested();
}

ModelReply ModelLink::ask(const ModelAccess& model, const std::string& body_json, const RetryLimits& limits,
                          const std::stop_token& stop) {
  const Instant begun = clock_.now();
  const auto left = [&] { return limits.left - Seconds(to_seconds(clock_.now() - begun)); };
  auto got = attempt(model, body_json, std::min(limits.attempt, limits.left), stop);
  int attempts = 1;
  for (; attempts <= limits.retries && helps_to_retry(got.reply); ++attempts) {
    const auto pause = got.pause.value_or(std::min(kLongestPause, kFirstPause * std::pow(2.0, attempts - 1)));
    if (pause >= left() || !wait(pause, stop)) break;
    auto next = attempt(model, body_json, std::min(limits.attempt, left()), stop);
    if (next.reply.out_of_turns) break;  // the failure before it says more
    got = std::move(next);
  }
  got.reply.attempts = attempts;
  return std::move(got.reply);
}

}  // namespace ipw::agents
