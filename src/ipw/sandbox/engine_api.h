// SPDX-License-Identifier: Apache-2.0
// Requests to a container engine over its socket (Docker Engine API 1.41, which docker and podman 4 speak).
#pragma once
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/base/json.h"
#include "ipw/http/session.h"

namespace ipw::sandbox {

/// Where an engine listens: a socket's path, or else a URL.
struct EngineAddress {
  std::string unix_socket;  ///< empty: TCP
  std::string base_url;     ///< without a slash at its end
  std::string text;         ///< as a user knows it
};

/// Read an endpoint: "unix:///PATH" or "tcp://HOST:PORT". Throws Error(Usage).
EngineAddress parse_endpoint(const std::string& endpoint);
/// The endpoint given, DOCKER_HOST, or the first socket of docker or podman that is there. Throws
/// Error(Unavailable) with how to start one.
EngineAddress find_endpoint(const std::string& endpoint);

struct EngineCall {
  std::string method = "GET", path;  ///< path and query, without the version
  std::string body;
  std::string content_type = "application/json";
  Seconds timeout{120};
  std::size_t most = std::size_t{64} << 20;  ///< bytes of the answer
  std::stop_token stop;
};

/// Thread-safe.
class EngineApi {
 public:
  explicit EngineApi(EngineAddress address) : address_(std::move(address)) {}
  const std::string& where() const { return address_.text; }
  /// The request as it goes to the socket.
  http::Request request(const EngineCall& call) const;
  /// Ask, and take any HTTP status. Throws Error(Unavailable | Cancelled) when there is no answer.
  http::Response ask(const EngineCall& call) const;
  /// Ask for what must work. Throws Error(Unavailable | NotFound) with `what` and the engine's own words.
  std::string must(const EngineCall& call, std::string_view what) const;
  Json must_json(const EngineCall& call, std::string_view what) const;
  /// Ask for progress in lines of JSON (pull, build). Throws Error with the error in them; the end of what
  /// they print stands in it.
  void follow(const EngineCall& call, std::string_view what) const;

 private:
  [[noreturn]] void fail(const http::Response& response, std::string_view what) const;
  void check_transfer(const http::Result& result) const;
  EngineAddress address_;
};

/// The engine's own words of an answer: the "message" of its JSON, else the text.
std::string engine_message(std::string_view body);

}  // namespace ipw::sandbox
