// SPDX-License-Identifier: Apache-2.0
#include "token_server.h"

#include <fmt/format.h>

#include <memory>

namespace ipw::bench {
namespace {

constexpr int kTokens = 16;
constexpr auto kServiceTime = std::chrono::milliseconds(1);
constexpr std::string_view kModels = R"({"object":"list","data":[{"id":"m","object":"model"}]})";

std::string token_event(int i) {
  return fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"t{} \"}}}}]}}\n\n", i);
}

std::string last_event() {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
         "data: "
         "{\"choices\":[],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":16,\"total_tokens\":24}}"
         "\n\ndata: [DONE]\n\n";
}

}  // namespace

http::ServerResponse TokenServer::answer(const http::ServerRequest& request) {
  if (request.method == "GET") return {200, {{"Content-Type", "application/json"}}, std::string(kModels), {}};
  const double begin = monotonic_seconds();
  {
    const std::lock_guard lock(mutex_);
    if (times_.requests++ == 0) times_.first_begin_s = begin;
  }
  http::ServerResponse response{200, {{"Content-Type", "text/event-stream"}}, "", {}};
  response.stream = [this, begin, i = 0]() mutable -> http::Piece {
    ++i;
    if (i < kTokens) return {token_event(i), kServiceTime / kTokens, false};
    if (i == kTokens) return {token_event(i) + last_event(), kServiceTime / kTokens, false};
    end(begin);
    return {};
  };
  return response;
}

void TokenServer::end(double begin) {
  const std::lock_guard lock(mutex_);
  times_.last_end_s = monotonic_seconds();
  times_.busy_s += times_.last_end_s - begin;
}

ServerTimes TokenServer::times() const {
  const std::lock_guard lock(mutex_);
  return times_;
}

}  // namespace ipw::bench
