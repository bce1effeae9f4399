// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/meter_proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/http/gateway.h"
#include "ipw/http/sse.h"

namespace ipw::agents {
namespace {

using http::Headers;

constexpr std::size_t kKeptBody = std::size_t{64} << 20;

/// Headers that belong to one connection (RFC 9110 7.6.1), those that the proxy sets itself, and the keys.
constexpr std::array<std::string_view, 14> kNotPassedOn = {"accept-encoding",  "authorization",
                                                           "connection",       "content-length",
                                                           "expect",           "host",
                                                           "keep-alive",       "proxy-authorization",
                                                           "proxy-connection", "te",
                                                           "trailer",          "transfer-encoding",
                                                           "upgrade",          "x-api-key"};

bool is_passed_on(std::string_view name) {
  return std::ranges::find(kNotPassedOn, to_lower_ascii(name)) == kNotPassedOn.end();
}

std::string key_of(const Headers& headers) {
  if (const auto key = http::header(headers, "x-api-key")) return *key;
  const auto bearer = http::header(headers, "authorization").value_or("");
  return bearer.starts_with("Bearer ") ? bearer.substr(7) : "";
}

std::string random_key() {
  std::random_device random;
  return fmt::format("ipw-{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// Base URL with "/v1", without a slash at its end.
std::string base_of(const std::string& upstream) {
  auto url = clients::normalise_url(upstream, "");
  if (upstream.empty() || url.find("://") + 3 >= url.size())
    throw Error(ErrorCode::Usage, "the proxy needs the address of a server",
                "--upstream http://127.0.0.1:8000/v1");
  return url.ends_with("/v1") ? url : url + "/v1";
}

/// Where a target goes: below /v1 of the server, or, for all else, to its root.
std::string url_of(const std::string& base, const std::string& target) {
  if (target.starts_with("/v1/")) return base + target.substr(3);
  return base.substr(0, base.size() - 3) + target;
}

Headers passed_on(const Headers& headers) {
  Headers out;
  for (const auto& field : headers)
    if (is_passed_on(field.first)) out.push_back(field);
  return out;
}

/// One call under way: what the server sends goes to the agent, and a copy to the meter.
class CallInFlight {
 public:
  CallInFlight(ModelCall call, bool hide_usage, std::shared_ptr<http::Reply> reply, CallSink& sink)
      : call_(std::move(call)),
        sink_(sink),
        hide_usage_(hide_usage),
        reply_(std::move(reply)),
        parser_([this](const http::SseEvent& event) { keep(event); }) {}

  void head(int status, const Headers& headers) {
    call_.http_status = status;
    streams_ = http::header(headers, "content-type").value_or("").starts_with("text/event-stream");
    auto out = passed_on(headers);
    const auto length = http::header(headers, "content-length");
    if (length && !streams_) out.emplace_back("Content-Length", *length);
    reply_->head(status, out);
  }
  void take(const http::Chunk& chunk) {
    at_ = chunk.received;
    kernel_ = chunk.kernel;
    if (!streams_) {
      if (call_.body.size() + chunk.bytes.size() <= kKeptBody) call_.body += chunk.bytes;
      return reply_->write(chunk.bytes);
    }
    parser_.feed(chunk.bytes);
    if (hide_usage_)
      write_without_usage(chunk.bytes);
    else
      reply_->write(chunk.bytes);
  }
  ModelCall end(const http::Result& result, const Clock& clock) {
    parser_.finish();
    call_.sent = result.sent == Instant{} ? call_.sent : result.sent;
    call_.done = clock.now();
    call_.hung_up = reply_->gone().stop_requested();
    if (result.failure) call_.trouble = result.failure->message;
    finish_reply(result);
    return std::move(call_);
  }

 private:
  void keep(const http::SseEvent& event) {
    call_.events.push_back({event.data, at_, kernel_});
    if (has_token_ || read_events(call_.api, std::span(call_.events).last(1)).arrivals.empty()) return;
    has_token_ = true;
    sink_.first_token(call_.id, at_);
  }
  /// Whole events only, so that one can be left out; the rest of a piece waits for its end.
  void write_without_usage(std::string_view bytes) {
    held_ += bytes;
    std::string out;
    for (auto length = event_length(); length > 0; length = event_length()) {
      const auto event = std::string_view(held_).substr(0, length);
      if (!is_usage_alone(data_of(event))) out += event;
      held_.erase(0, length);
    }
    reply_->write(out);
  }
  /// Of the first event that is held, with its blank line; 0 while it is not whole.
  std::size_t event_length() const {
    const auto plain = held_.find("\n\n"), with_returns = held_.find("\r\n\r\n");
    if (with_returns < plain) return with_returns + 4;
    return plain == held_.npos ? 0 : plain + 2;
  }
  static std::string_view data_of(std::string_view event) {
    const auto at = event.find("data:");
    return at == event.npos ? std::string_view() : trim(event.substr(at + 5));
  }
  void finish_reply(const http::Result& result) {
    reply_->write(held_);
    if (!result.failure) return reply_->end();
    if (call_.http_status != 0) return reply_->abort();
    const bool late = result.failure->kind == http::TransferFailure::Kind::Timeout;
    reply_->head(late ? 504 : 502, {{"Content-Type", "application/json"}});
    reply_->write(
        dump_json({{"error", {{"message", "ipw proxy: " + call_.trouble}, {"type", "upstream_error"}}}}));
    reply_->end();
  }

  ModelCall call_;
  CallSink& sink_;
  bool hide_usage_, streams_ = false, kernel_ = false, has_token_ = false;
  Instant at_{};
  std::shared_ptr<http::Reply> reply_;
  http::SseParser parser_;
  std::string held_;
};

/// An error in the form that the libraries of agents know.
void refuse(http::Reply& reply, int status, const std::string& message, const char* code) {
  reply.head(status, {{"Content-Type", "application/json"}});
  reply.write(dump_json(
      {{"error",
        {{"message", "ipw proxy: " + message}, {"type", "invalid_request_error"}, {"code", code}}}}));
  reply.end();
}

/// Pass an answer on that is no model's.
void pass_on(http::Request request, const std::shared_ptr<http::Reply>& reply, http::Session& session) {
  session.start(
      std::move(request),
      [reply](int status, const Headers& headers) { reply->head(status, passed_on(headers)); },
      [reply](const http::Chunk& chunk) {
        reply->write(chunk.bytes);
        return true;
      },
      [reply](const http::Result& result) {
        if (result.status == 0) reply->head(502, {});
        if (result.status != 0 && result.failure) return reply->abort();
        reply->end();
      });
}

class Proxy final : public MeterProxy {
 public:
  Proxy(const ProxyOptions& options, Clock& clock, CallSink& sink)
      : options_(options), base_(base_of(options.upstream)), clock_(clock), sink_(sink) {
    gateway_ =
        http::serve_gateway([this](http::ServerRequest request, const std::shared_ptr<http::Reply>& reply,
                                   http::Session& session) { handle(std::move(request), reply, session); },
                            {options.address, options.port});
  }

  int port() const override { return gateway_->port(); }
  std::string new_key() override {
    const std::lock_guard lock(mutex_);
    return *keys_.insert(random_key()).first;
  }
  void revoke(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    keys_.erase(key);
  }
  int adopt(int listening_socket) override { return gateway_->adopt(listening_socket); }
  void let_go(int token) override { gateway_->let_go(token); }

 private:
  bool is_known(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    return !options_.hands_out_keys || keys_.contains(key);
  }

  void handle(http::ServerRequest request, const std::shared_ptr<http::Reply>& reply,
              http::Session& session) {
    const auto key = key_of(request.headers);
    if (!is_known(key))
      return refuse(*reply, 401, "this key belongs to no task that runs", "invalid_api_key");
    const auto api = api_of(request.method, request.target);
    auto on = onward(request, key);
    on.stop = reply->gone();
    if (!api) {
      on.body = std::move(request.body);
      return pass_on(std::move(on), reply, session);
    }
    auto body = read_request(*api, std::move(request.body));
    on.body = std::move(body.body);
    ModelCall call{
        .id = ++calls_, .key = key, .api = *api, .model = std::move(body.model), .sent = clock_.now()};
    if (const auto why = sink_.begun(call.id, key, call.model, call.sent); !why.empty())
      return refuse(*reply, 403, why, "limit_reached");
    auto flight = std::make_shared<CallInFlight>(std::move(call), body.usage_is_ours, reply, sink_);
    session.start(
        std::move(on), [flight](int status, const Headers& headers) { flight->head(status, headers); },
        [flight](const http::Chunk& chunk) {
          flight->take(chunk);
          return true;
        },
        [this, flight](const http::Result& result) { sink_.ended(flight->end(result, clock_)); });
  }

  /// The request to the server, its body still to come.
  http::Request onward(const http::ServerRequest& request, const std::string& key) const {
    http::Request out;
    out.method = request.method;
    out.url = url_of(base_, request.target);
    out.headers = passed_on(request.headers);
    out.total_timeout = options_.timeout;
    const auto own = options_.api_key.empty() && !options_.hands_out_keys ? key : options_.api_key;
    if (own.empty()) return out;
    out.headers.emplace_back("Authorization", "Bearer " + own);
    if (http::header(request.headers, "x-api-key")) out.headers.emplace_back("x-api-key", own);
    return out;
  }

  const ProxyOptions options_;
  const std::string base_;
  Clock& clock_;
  CallSink& sink_;
  std::int64_t calls_ = 0;  ///< of the gateway's thread
  mutable std::mutex mutex_;
  std::set<std::string> keys_;  // guarded by mutex_
  std::unique_ptr<http::GatewayServer> gateway_;
};

}  // namespace

clients::Response ModelCall::read() const {
  auto response = events.empty() ? read_body(api, body, done) : read_events(api, events);
  response.sent = sent;
  response.done = std::max(done, sent);
  const bool kernel = !events.empty() && std::ranges::all_of(events, &clients::StreamEvent::kernel);
  response.stamps = kernel ? "kernel" : "client";
  const bool refused = http_status >= 400;
  if (hung_up)
    response.failure = clients::Failure{"cancelled", "the agent hung up before the end", http_status};
  else if (refused)
    response.failure = clients::Failure{"http", clients::error_text(body), http_status};
  else if (!trouble.empty())
    response.failure = clients::Failure{http_status == 0 ? "connect" : "protocol", trouble, http_status};
  return response;
}

std::unique_ptr<MeterProxy> start_proxy(const ProxyOptions& options, Clock& clock, CallSink& sink) {
  return std::make_unique<Proxy>(options, clock, sink);
}

}  // namespace ipw::agents
