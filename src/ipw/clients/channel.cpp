// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/http/sse.h"

namespace ipw::clients {
namespace {

constexpr std::size_t kKeptBody = std::size_t{64} << 10;
constexpr Seconds kStopLatency{0.05};  ///< how late a stop request may be noticed while no byte arrives

/// Frames bytes as they come and stamps the events with the piece that completed them.
class Framer {
 public:
  Framer(Framing framing, Exchange& exchange)
      : framing_(framing),
        exchange_(exchange),
        sse_([this](const http::SseEvent& event) { keep(event.data); }),
        ndjson_([this](std::string_view line) { keep(line); }) {}

  bool take(const http::Chunk& chunk) {
    received_ = chunk.received;
    kernel_ = chunk.kernel;
    const std::size_t room = kKeptBody - std::min(kKeptBody, exchange_.body.size());
    exchange_.body += chunk.bytes.substr(0, room);
    const bool fits = framing_ == Framing::Sse ? sse_.feed(chunk.bytes) : ndjson_.feed(chunk.bytes);
    exchange_.oversized = !fits;
    return fits;
  }
  void finish() { framing_ == Framing::Sse ? sse_.finish() : ndjson_.finish(); }

 private:
  void keep(std::string_view data) { exchange_.events.push_back({std::string(data), received_, kernel_}); }
  Framing framing_;
  Exchange& exchange_;
  Instant received_{};
  bool kernel_ = false;
  http::SseParser sse_;
  http::NdjsonParser ndjson_;
};

std::string_view failure_kind(http::TransferFailure::Kind kind) {
  using Kind = http::TransferFailure::Kind;
  switch (kind) {
    case Kind::Resolve:
    case Kind::Connect:
    case Kind::Tls:
      return "connect";
    case Kind::Timeout:
      return "timeout";
    case Kind::Cancelled:
      return "cancelled";
    case Kind::Truncated:
    case Kind::Protocol:
    case Kind::Other:
      break;
  }
  return "protocol";
}

std::optional<Failure> transfer_failure(const Exchange& exchange) {
  if (exchange.cancelled) return Failure{"cancelled", "the request was cancelled"};
  const auto& result = exchange.result;
  if (exchange.oversized)
    return Failure{"protocol", "an event of the stream is larger than 16 MiB", result.status};
  if (result.status >= 300)
    return Failure{"http", fmt::format("HTTP {}: {}", result.status, error_text(exchange.body)),
                   result.status};
  if (result.failure)
    return Failure{std::string(failure_kind(result.failure->kind)), result.failure->message, result.status};
  return {};
}

}  // namespace

std::unique_ptr<http::Session> Channel::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return http::make_session();
  auto session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

void Channel::give_back(std::unique_ptr<http::Session> session) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(session));
}

Exchange Channel::stream(http::Request request, Framing framing, const std::stop_token& stop) {
  Exchange exchange;
  exchange.begun = clock_.now();
  Framer framer(framing, exchange);
  auto session = take();
  bool finished = false;
  session->start(
      std::move(request), {}, [&](const http::Chunk& chunk) { return framer.take(chunk); },
      [&](http::Result result) {
        exchange.result = std::move(result);
        finished = true;
      });
  while (!finished && !exchange.cancelled) {
    session->drive(kStopLatency);
    exchange.cancelled = !finished && stop.stop_requested();
  }
  framer.finish();
  // A session with a transfer under way is thrown away: that closes its connection, which tells the server to
  // stop.
  if (exchange.cancelled)
    exchange.result.done = clock_.now();
  else
    give_back(std::move(session));
  return exchange;
}

http::Response Channel::fetch(http::Request request) {
  auto session = take();
  auto response = http::fetch(*session, std::move(request));
  give_back(std::move(session));
  return response;
}

std::string normalise_url(std::string_view url, std::string_view fallback) {
  url = trim(url);
  if (url.empty()) url = fallback;
  while (url.ends_with('/')) url.remove_suffix(1);
  return url.find("://") == std::string_view::npos ? fmt::format("http://{}", url) : std::string(url);
}

http::Request get(std::string url, const std::string& api_key, Seconds timeout) {
  http::Request request;
  request.url = std::move(url);
  request.total_timeout = timeout;
  request.headers.emplace_back("Accept", "application/json");
  if (!api_key.empty()) request.headers.emplace_back("Authorization", "Bearer " + api_key);
  return request;
}

http::Request json_post(std::string url, std::string body, const std::string& api_key, Seconds timeout) {
  auto request = get(std::move(url), api_key, timeout);
  request.method = "POST";
  request.body = std::move(body);
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream, application/json"}};
  if (!api_key.empty()) request.headers.emplace_back("Authorization", "Bearer " + api_key);
  return request;
}

std::string error_text(std::string_view body) {
  const auto first = std::string(trim(body)).substr(0, 500);
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return first.empty() ? "no text" : to_valid_utf8(first);
  const Json& error = json->contains("error") ? json->at("error") : *json;
  if (error.is_string()) return error.get<std::string>();
  for (const char* key : {"message", "detail"})
    if (error.is_object() && error.contains(key) && error.at(key).is_string())
      return error.at(key).get<std::string>();
  return dump_json(error).substr(0, 500);
}

void add_transfer(Response& response, const Exchange& exchange) {
  const auto& result = exchange.result;
  response.sent = result.sent == Instant{} ? exchange.begun : result.sent;
  response.done = std::max(result.done, response.sent);
  const bool kernel =
      !response.arrivals.empty() && std::ranges::all_of(exchange.events, &StreamEvent::kernel);
  response.stamps = kernel ? "kernel" : "client";
  // A broken connection explains more than the unfinished stream that it left, an error of the server more
  // than both.
  const bool weaker = !response.failure || response.failure->kind == "protocol";
  if (auto failure = transfer_failure(exchange); failure && weaker) response.failure = std::move(failure);
}

void throw_unreachable(const http::Response& response, const std::string& url, const std::string& start) {
  const auto& result = response.result;
  if (result.status == 401 || result.status == 403)
    throw Error(ErrorCode::Permission,
                fmt::format("{} refused the request: {}", url, error_text(response.body)),
                "set the API key that the server wants (see `ipw profile --help`)");
  if (result.failure)
    throw Error(ErrorCode::Unavailable,
                fmt::format("nothing answers at {}: {}", url, result.failure->message),
                fmt::format("{}, or give the right address with --client-base-url", start));
  throw Error(ErrorCode::Unavailable,
              fmt::format("{} answered HTTP {}: {}", url, result.status, error_text(response.body)),
              "look at the server's log");
}

void count_if_unknown(Response& response) {
  if (response.usage.completion_tokens || response.arrivals.empty()) return;
  response.usage.completion_tokens = static_cast<std::int64_t>(response.arrivals.size());
  response.usage.source = "counted";
  response.notes.push_back("the server gave no token counts: output tokens are the events that carried text");
}

void redact(Response& response, const std::string& secret) {
  if (secret.empty() || !response.failure) return;
  response.failure->message = replace_all(response.failure->message, secret, "***");
}

}  // namespace ipw::clients
