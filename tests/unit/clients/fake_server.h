// SPDX-License-Identifier: Apache-2.0
// A scripted inference server: routes by path, remembers what it was sent.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ipw/clients/client.h"
#include "ipw/http/server.h"

namespace ipw::clients {

class FakeServer {
 public:
  using Route = std::function<http::ServerResponse(const http::ServerRequest&)>;

  explicit FakeServer(std::map<std::string, Route> routes)
      : routes_(std::move(routes)),
        server_(http::serve([this](const auto& request) { return answer(request); })) {}

  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  std::vector<http::ServerRequest> requests() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  /// The JSON of the last request to a path.
  nlohmann::json last_body(const std::string& path) {
    nlohmann::json body;
    for (const auto& request : requests())
      if (request.target == path) body = nlohmann::json::parse(request.body);
    return body;
  }

 private:
  http::ServerResponse answer(const http::ServerRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
    }
    const auto route = routes_.find(request.target);
    return route == routes_.end() ? http::ServerResponse{404, {}, "no such page", {}}
                                  : route->second(request);
  }
  std::map<std::string, Route> routes_;
  std::mutex mutex_;
  std::vector<http::ServerRequest> seen_;
  std::unique_ptr<http::Server> server_;
};

inline FakeServer::Route text(std::string body, int status = 200, std::string type = "application/json") {
  return [=](const http::ServerRequest&) {
    return http::ServerResponse{status, {{"Content-Type", type}}, body, {}};
  };
}

/// Stream these pieces; the last one may be the abort of the connection.
inline FakeServer::Route stream(std::vector<std::string> pieces, bool abort = false) {
  return [=](const http::ServerRequest&) {
    http::ServerResponse response{200, {{"Content-Type", "text/event-stream"}}, "", {}};
    response.stream = [pieces, abort, next = std::size_t{0}]() mutable -> http::Piece {
      if (next < pieces.size()) return {pieces[next++], Nanoseconds(0), false};
      return {"", Nanoseconds(0), abort};
    };
    return response;
  };
}

inline Params parameters(std::initializer_list<std::pair<std::string, std::string>> items) {
  Params out;
  for (const auto& [key, value] : items) out.set(key, value);
  return out;
}

inline ClientOptions options(const std::string& url, Params params = {}) {
  static SystemClock clock;
  return {url, "", std::move(params), 1, &clock};
}

inline Request hello(const std::string& model = "m") {
  return {model, {{"user", "Hello"}}, {}, Seconds(20)};
}

}  // namespace ipw::clients
