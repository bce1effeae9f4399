// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"

namespace ipw::http {
namespace {

constexpr int kAttempts = 5;
constexpr int kMaxRedirects = 5;
constexpr Seconds kIdleLimit{60};
constexpr double kLongestWait = 60;
constexpr std::size_t kMaxAnswer = std::size_t{64} << 20;

bool worth_repeating(const Response& r) {
  using Kind = TransferFailure::Kind;
  // A body that was refused or broke off is the caller's: it knows where to go on.
  if (r.result.failure)
    return r.result.status == 0 && r.result.failure->kind != Kind::Cancelled &&
           r.result.failure->kind != Kind::Tls && r.result.failure->kind != Kind::Protocol;
  constexpr std::array kStatuses = {429, 500, 502, 503, 504};
  return std::ranges::find(kStatuses, r.result.status) != kStatuses.end();
}

std::string encode_path(std::string_view path) {
  std::vector<std::string> parts;
  for (const auto part : split(path, '/')) parts.push_back(percent_encode(part));
  return join(parts, "/");
}

/// The `t=` of `ratelimit: "api";r=0;t=30`, in seconds.
std::optional<double> rate_limit_reset(const Headers& headers) {
  const auto value = header(headers, "ratelimit");
  if (!value) return std::nullopt;
  for (const auto part : split(*value, ';'))
    if (const auto item = trim(part); item.starts_with("t=")) return parse_double(item.substr(2));
  return std::nullopt;
}

}  // namespace

Seconds retry_delay(const Headers& headers, int attempt) {
  std::optional<double> asked;
  if (const auto value = header(headers, "Retry-After")) asked = parse_double(trim(*value));
  if (!asked) asked = rate_limit_reset(headers);
  return Seconds(std::clamp(asked.value_or(static_cast<double>(1 << attempt)), 0.0, kLongestWait));
}

std::string origin(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  return to_lower_ascii(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

std::string resolve_url(const std::string& base, const std::string& location) {
  if (location.find("://") != std::string::npos) return location;
  if (location.starts_with("//")) return base.substr(0, base.find("//")) + location;
  if (location.starts_with('/')) return origin(base) + location;
  const auto path = base.substr(0, base.find_first_of("?#"));
  return path.substr(0, path.rfind('/') + 1) + location;
}

std::string next_link(const Headers& headers) {
  const auto link = header(headers, "Link");
  if (!link) return {};
  for (const auto item : split(*link, ',')) {
    const auto open = item.find('<'), close = item.find('>');
    if (open == item.npos || close == item.npos || item.find("rel=\"next\"", close) == item.npos) continue;
    return std::string(item.substr(open + 1, close - open - 1));
  }
  return {};
}

std::vector<std::string> files_of_listing(std::string_view body, const std::string& repo) {
  const auto entries = parse_json(body);
  if (!entries || !entries->is_array())
    throw Error(ErrorCode::Format, fmt::format("the hub's list of {} is not a JSON array", repo),
                "check that HF_ENDPOINT is a Hugging Face hub or a mirror of one");
  std::vector<std::string> paths;
  for (const auto& entry : *entries) {
    if (!entry.is_object()) continue;
    const auto type = entry.find("type"), path = entry.find("path");
    if (type != entry.end() && *type == "file" && path != entry.end() && path->is_string())
      paths.push_back(*path);
  }
  return paths;
}

HubConnection::HubConnection(const HubFile& file, const HubOptions& options)
    : file_(file), options_(options), session_(make_session()) {}

std::string HubConnection::content_url() const {
  return join_url(
      options_.endpoint,
      fmt::format("{}{}/resolve/{}/{}", file_.kind == HubKind::Dataset ? "datasets/" : "",
                  encode_path(file_.repo), percent_encode(file_.revision), encode_path(file_.path)));
}

std::string HubConnection::list_url() const {
  const auto folder = file_.path.empty() ? std::string() : "/" + encode_path(file_.path);
  return join_url(options_.endpoint,
                  fmt::format("api/{}/{}/tree/{}{}?recursive=true&expand=false",
                              file_.kind == HubKind::Dataset ? "datasets" : "models", encode_path(file_.repo),
                              percent_encode(file_.revision), folder));
}

bool HubConnection::on_hub(const std::string& url) const {
  return origin(url) == origin(options_.endpoint);
}

Response HubConnection::ask(const std::string& method, const std::string& url, const Headers& extra,
                            const OnContent& on_content) {
  Request request;
  request.method = method;
  request.url = url;
  request.headers = extra;
  request.headers.emplace_back("Accept-Encoding", "identity");
  if (on_hub(url) && !options_.token.empty())
    request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  request.total_timeout = Seconds(0);
  request.idle_timeout = kIdleLimit;
  for (int attempt = 0;; ++attempt) {
    Response response;
    int content = 0;
    response.result = send(
        *session_, request,
        [&](const Chunk& chunk) {
          if (content != 0) return on_content(content, chunk.bytes), true;
          response.body += chunk.bytes;
          return response.body.size() <= kMaxAnswer;
        },
        [&](int status, const Headers&) {
          content = on_content && status >= 200 && status < 300 ? status : 0;
        });
    if (attempt + 1 == kAttempts || !worth_repeating(response)) return response;
    wait_before(attempt, response);
  }
}

void HubConnection::wait_before(int attempt, const Response& response) {
  const auto delay = retry_delay(response.result.headers, attempt);
  const auto reason = response.result.failure ? response.result.failure->message
                                              : fmt::format("status {}", response.result.status);
  log::info("hub: {} of {}, trying again in {}", reason, file_.repo, human_duration(delay.count()));
  SystemClock machine;
  Clock& clock = options_.clock ? *options_.clock : machine;
  clock.sleep_until(clock.now() + from_seconds(delay.count()));
}

Response HubConnection::head(std::string url) {
  for (int hops = 0;; ++hops) {
    auto response = ask("HEAD", url);
    const auto location = header(response.result.headers, "Location");
    const bool redirect = response.result.status >= 300 && response.result.status < 400 && location;
    // A Location on another host is where the content lies; the file's own headers are those of this
    // response.
    if (!redirect || location->find("://") != std::string::npos || location->starts_with("//"))
      return response;
    if (hops == kMaxRedirects)
      throw Error(ErrorCode::Unavailable, fmt::format("the hub redirects {} in a circle", file_.repo),
                  "check the name of the repository and HF_ENDPOINT");
    url = resolve_url(url, *location);
  }
}

}  // namespace ipw::http
