// SPDX-License-Identifier: Apache-2.0
// Requests to the hub: addresses, authorization, retries, and what its errors mean (reference:
// protocols.md 9.1, 9.2).
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/http/hub.h"
#include "ipw/http/session.h"

namespace ipw::http {

/// Take a piece of a successful response's body, with its status (200 or 206).
using OnContent = std::function<void(int status, std::string_view bytes)>;

/// Talk to one hub. One thread at a time.
class HubConnection {
 public:
  HubConnection(const HubFile& file, const HubOptions& options);

  /// Address of the file's content.
  std::string content_url() const;
  /// Address of the first page of the listing below the file's path.
  std::string list_url() const;

  /// Send with the token if the URL is on the hub's own origin. Statuses 429, 500, 502, 503, 504 and broken
  /// connections are tried again up to four times, waiting as the server says or 1 s doubling. Other statuses
  /// come back.
  Response ask(const std::string& method, const std::string& url, const Headers& extra = {},
               const OnContent& on_content = {});
  /// Like HEAD through ask(), following redirects within the hub (renamed repositories).
  Response head(std::string url);

  /// Throw what an unsuccessful response means for the user.
  [[noreturn]] void fail(const Response& response) const;

 private:
  bool on_hub(const std::string& url) const;
  void wait_before(int attempt, const Response& response);

  const HubFile& file_;
  const HubOptions& options_;
  std::unique_ptr<Session> session_;
};

/// Tell what to wait before the next attempt: Retry-After, the `t` of a ratelimit header, else 1 s doubling;
/// at most 60 s.
Seconds retry_delay(const Headers& headers, int attempt);
/// Resolve a Location against the URL that gave it.
std::string resolve_url(const std::string& base, const std::string& location);
/// The scheme, host and port of a URL, in lower case.
std::string origin(const std::string& url);
/// The paths of the files on one page of a repository's listing. Throws Error(Format) for anything else.
std::vector<std::string> files_of_listing(std::string_view body, const std::string& repo);
/// The URL marked rel="next" in a Link header, or empty.
std::string next_link(const Headers& headers);

}  // namespace ipw::http
