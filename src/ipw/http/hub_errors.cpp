// SPDX-License-Identifier: Apache-2.0
// What the hub's refusals mean for the user (reference: protocols.md 9.2).
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/http/hub_request.h"

namespace ipw::http {
namespace {

std::string page(const HubFile& file, const HubOptions& options) {
  return join_url(options.endpoint, (file.kind == HubKind::Dataset ? "datasets/" : "") + file.repo);
}

constexpr const char* kLogin =
    "set HF_TOKEN to a token of an account with access (the hub's settings page makes them)";

Error unreachable(const HubFile& file, const HubOptions& options, const TransferFailure& failure) {
  const bool broken = failure.kind == TransferFailure::Kind::Truncated;
  return {
      ErrorCode::Unavailable,
      fmt::format("{} {}: {}", broken ? "the connection broke off while loading" : "cannot reach the hub for",
                  page(file, options), failure.message),
      broken
          ? "repeat the command; what has arrived is kept and the download goes on from there"
          : "check the network, HF_ENDPOINT and the proxy; HF_HUB_OFFLINE=1 uses only what is in the cache"};
}

/// What the header X-Error-Code names, or nothing.
std::optional<Error> named(const std::string& code, const HubFile& file, const HubOptions& options) {
  const auto where = page(file, options);
  if (code == "RepoNotFound")
    return Error(ErrorCode::NotFound, fmt::format("there is no repository {}, or it is private", where),
                 fmt::format("check the name OWNER/NAME; for a private one {}", kLogin));
  if (code == "RevisionNotFound")
    return Error(ErrorCode::NotFound, fmt::format("{} has no revision {}", where, file.revision),
                 "name a branch, a tag or a full commit that the repository has");
  if (code == "EntryNotFound")
    return Error(ErrorCode::NotFound, fmt::format("{} has no file {} at {}", where, file.path, file.revision),
                 "look at the list of files on the repository's page");
  if (code == "GatedRepo")
    return Error(ErrorCode::Permission,
                 fmt::format("{} is gated: its conditions must be accepted first", where),
                 fmt::format("accept them at {} and {}", where, kLogin));
  return std::nullopt;
}

Error by_status(int status, const HubFile& file, const HubOptions& options) {
  const auto where = page(file, options);
  if (status == 401)
    return {ErrorCode::Permission,
            fmt::format("{} does not exist, or is private, or is gated (status 401)", where),
            fmt::format("check the name; otherwise {}", kLogin)};
  if (status == 403)
    return {ErrorCode::Permission, fmt::format("the hub refuses access to {} (status 403)", where), kLogin};
  if (status == 404)
    return {ErrorCode::NotFound, fmt::format("{} has no {} at {}", where, file.path, file.revision),
            "check the name, the revision and the path"};
  if (status == 429)
    return {ErrorCode::Unavailable,
            fmt::format("the hub limits the rate of requests for {} (status 429)", where),
            "wait some minutes; with HF_TOKEN set the limit is higher"};
  return {ErrorCode::Unavailable, fmt::format("the hub answered {} with status {}", where, status),
          status >= 500 ? "repeat later" : "check HF_ENDPOINT"};
}

}  // namespace

void HubConnection::fail(const Response& response) const {
  if (response.result.failure) throw unreachable(file_, options_, *response.result.failure);
  const auto& headers = response.result.headers;
  if (header(headers, "X-Error-Message").value_or("").find("Access to this resource is disabled") !=
      std::string::npos)
    throw Error(ErrorCode::Permission,
                fmt::format("the hub has disabled access to {}", page(file_, options_)),
                "use another repository; the owner or the hub has closed this one");
  if (auto error = named(header(headers, "X-Error-Code").value_or(""), file_, options_)) throw *error;
  throw by_status(response.result.status, file_, options_);
}

}  // namespace ipw::http
