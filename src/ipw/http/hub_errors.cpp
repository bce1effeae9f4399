// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub_errors.h"

#include <fmt/format.h>

namespace ipw::http {
namespace {

constexpr const char* kTokenHint = "accept its terms on the hub's page, then set HF_TOKEN to a token of that account";

Error not_authorised(const HubFile& file, const HubOptions& options, const std::string& code) {
  if (code == "GatedRepo") return {ErrorCode::Permission, fmt::format("{} is gated", file.repo), kTokenHint};
  return {ErrorCode::Permission,
          fmt::format("{} does not exist, is private, or is gated: the hub does not say which {}", file.repo,
                      options.token.empty() ? "without a token" : "to this token"),
          "check the name; for a private or gated repository set HF_TOKEN"};
}

Error not_found(const HubFile& file, const std::string& code) {
  if (code == "RevisionNotFound")
    return {ErrorCode::NotFound, fmt::format("{} has no revision '{}'", file.repo, file.revision), "use a branch, a tag or a commit"};
  if (code == "RepoNotFound")
    return {ErrorCode::NotFound, fmt::format("there is no repository {} on the hub", file.repo), "check the name, OWNER/NAME"};
  return {ErrorCode::NotFound, fmt::format("{} has no file '{}' at revision '{}'", file.repo, file.path, file.revision),
          "check the path inside the repository"};
}

}  // namespace

Error hub_error(const HubFile& file, const HubOptions& options, const Result& result) {
  const auto code = header(result.headers, "X-Error-Code").value_or("");
  if (result.failure)
    return {ErrorCode::Unavailable, fmt::format("cannot get {} from {}: {}", file.path, options.endpoint, result.failure->message),
            "check the network; HF_ENDPOINT names another hub, HF_HUB_OFFLINE=1 uses only the cache"};
  if (result.status == 401 || (result.status == 403 && code == "GatedRepo")) return not_authorised(file, options, code);
  if (result.status == 403) return {ErrorCode::Permission, fmt::format("access to {} is refused", file.repo), kTokenHint};
  if (result.status == 404) return not_found(file, code);
  if (result.status == 429)
    return {ErrorCode::Unavailable, fmt::format("{} limits the rate of requests", options.endpoint),
            fmt::format("try again in {} s; with a token (HF_TOKEN) the limit is higher", header(result.headers, "Retry-After").value_or("60"))};
  return {ErrorCode::Unavailable, fmt::format("{} answered {} for {} of {}", options.endpoint, result.status, file.path, file.repo),
          "try again later"};
}

}  // namespace ipw::http
