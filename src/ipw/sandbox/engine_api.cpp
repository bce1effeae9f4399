// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/engine_api.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/http/sse.h"

namespace ipw::sandbox {
namespace {

constexpr std::string_view kVersion = "/v1.41";
constexpr std::string_view kStart =
    "start docker (systemctl start docker), or podman: podman system service --time=0 "
    "unix:///tmp/podman.sock "
    "and DOCKER_HOST=unix:///tmp/podman.sock";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> known_sockets() {
  std::vector<std::string> out = {"/var/run/docker.sock", "/run/podman/podman.sock"};
  if (const auto folder = variable("XDG_RUNTIME_DIR"); !folder.empty())
    out.push_back(folder + "/podman/podman.sock");
  if (const auto home = variable("HOME"); !home.empty()) out.push_back(home + "/.docker/run/docker.sock");
  return out;
}

/// What a line of progress says went wrong; podman's builder writes the error as a text as well.
std::string error_of(const Json& line) {
  const auto error = text_at(line, "error");
  return error.empty() ? text_at(member(line, "errorDetail"), "message") : error;
}

/// The end of a log, and the error in it.
struct Progress {
  static constexpr std::size_t kKept = 4000;
  std::string log, error;

  void take(std::string_view text) {
    const auto line = parse_json(text);
    if (!line || !line->is_object()) return;
    if (const auto what = error_of(*line); !what.empty()) error = what;
    log += text_at(*line, "stream");
    if (log.size() > 2 * kKept) log.erase(0, log.size() - kKept);
  }
};

}  // namespace

EngineAddress parse_endpoint(const std::string& endpoint) {
  if (endpoint.starts_with("unix://")) {
    const auto path = endpoint.substr(7);
    if (path.starts_with('/')) return {path, "http://engine", endpoint};
  } else if (endpoint.starts_with("tcp://") && endpoint.size() > 6) {
    return {"", "http://" + std::string(trim(endpoint.substr(6))), endpoint};
  }
  throw Error(ErrorCode::Usage, fmt::format("'{}' is no address of a container engine", endpoint),
              "unix:///PATH/TO/SOCKET or tcp://HOST:PORT; TLS and ssh are not built");
}

EngineAddress find_endpoint(const std::string& endpoint) {
  if (!endpoint.empty()) return parse_endpoint(endpoint);
  if (const auto host = variable("DOCKER_HOST"); !host.empty()) return parse_endpoint(host);
  std::error_code ignored;
  for (const auto& path : known_sockets())
    if (std::filesystem::is_socket(path, ignored)) return parse_endpoint("unix://" + path);
  throw Error(
      ErrorCode::Unavailable,
      fmt::format("no container engine: no DOCKER_HOST, no socket at {}", join(known_sockets(), ", ")),
      std::string(kStart));
}

std::string engine_message(std::string_view body) {
  const auto json = parse_json(body);
  if (json && json->is_object())
    if (const auto it = json->find("message"); it != json->end() && it->is_string())
      return it->get<std::string>();
  constexpr std::size_t kMost = 1000;
  return to_valid_utf8(trim(body.substr(0, kMost)));
}

http::Request EngineApi::request(const EngineCall& call) const {
  http::Request out;
  out.method = call.method;
  out.url = fmt::format("{}{}{}", address_.base_url, kVersion, call.path);
  out.unix_socket = address_.unix_socket;
  out.body = call.body;
  if (!call.body.empty()) out.headers.emplace_back("Content-Type", call.content_type);
  out.total_timeout = call.timeout;
  out.stop = call.stop;
  return out;
}

http::Response EngineApi::ask(const EngineCall& call) const {
  const auto session = http::make_session();
  auto response = http::fetch(*session, request(call), call.most);
  check_transfer(response.result);
  return response;
}

void EngineApi::check_transfer(const http::Result& result) const {
  if (!result.failure) return;
  using Kind = http::TransferFailure::Kind;
  if (result.failure->kind == Kind::Cancelled) throw Error(ErrorCode::Cancelled, "stopped");
  const auto what = result.failure->kind == Kind::Connect ? "nothing answers" : result.failure->message;
  throw Error(ErrorCode::Unavailable, fmt::format("the container engine at {}: {}", address_.text, what),
              std::string(kStart));
}

void EngineApi::fail(const http::Response& response, std::string_view what) const {
  throw Error(response.result.status == 404 ? ErrorCode::NotFound : ErrorCode::Unavailable,
              fmt::format("{}: {} (HTTP {} of {})", what, engine_message(response.body),
                          response.result.status, address_.text));
}

std::string EngineApi::must(const EngineCall& call, std::string_view what) const {
  auto response = ask(call);
  // 304: it is so already.
  if (!response.ok() && response.result.status != 304) fail(response, what);
  return std::move(response.body);
}

Json EngineApi::must_json(const EngineCall& call, std::string_view what) const {
  auto json = parse_json(must(call, what));
  if (!json || !json->is_object())
    throw Error(ErrorCode::Format, fmt::format("{}: the answer of {} is no JSON", what, address_.text));
  return std::move(*json);
}

void EngineApi::follow(const EngineCall& call, std::string_view what) const {
  const auto session = http::make_session();
  Progress progress;
  http::Response response;
  constexpr std::size_t kLongestLine = std::size_t{4} << 20;
  http::NdjsonParser lines([&](std::string_view line) { progress.take(line); }, kLongestLine);
  response.result = http::send(*session, request(call), [&](const http::Chunk& chunk) {
    if (response.body.size() < Progress::kKept) response.body += chunk.bytes;
    lines.feed(chunk.bytes);
    return true;
  });
  lines.finish();
  check_transfer(response.result);
  if (!response.ok()) fail(response, what);
  if (progress.error.empty()) return;
  const auto log = progress.log.substr(progress.log.size() - std::min(progress.log.size(), Progress::kKept));
  throw Error(ErrorCode::Unavailable, fmt::format("{}: {}{}{}", what, to_valid_utf8(trim(progress.error)),
                                                  log.empty() ? "" : "\n", to_valid_utf8(trim(log))));
}

}  // namespace ipw::sandbox
