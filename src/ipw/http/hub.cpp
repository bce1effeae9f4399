// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/base/json.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/http/hub_cache.h"
#include "ipw/http/hub_errors.h"
#include "ipw/http/session.h"

namespace ipw::http {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 5;
constexpr int kMaxRedirects = 8;

std::string encode_path(const std::string& path) {
  std::string out;
  for (const auto part : split(path, '/')) out += (out.empty() ? "" : "/") + percent_encode(part);
  return out;
}

std::string host_of(std::string_view url) {
  const auto start = url.find("://");
  const auto rest = start == std::string_view::npos ? url : url.substr(start + 3);
  return std::string(rest.substr(0, rest.find('/')));
}

bool may_retry(const Result& r) {
  using Kind = TransferFailure::Kind;
  if (r.failure) return r.failure->kind == Kind::Timeout || r.failure->kind == Kind::Truncated || r.failure->kind == Kind::Connect;
  return r.status == 429 || r.status == 500 || r.status == 502 || r.status == 503 || r.status == 504;
}

/// A conversation with the hub about one file.
class Conversation {
 public:
  Conversation(const HubFile& file, const HubOptions& options) : file_(file), options_(options), session_(make_session()) {}

  struct Head {
    std::string commit, etag, location;
    std::uint64_t size = 0;
  };
  Head head();
  /// Fetch into a partial file, going on where an earlier try stopped; each byte goes through once.
  void download(const Head& head, const fs::path& partial);
  Response get(const std::string& url);

 private:
  Request request(const std::string& method, const std::string& url) const;
  Result follow(Request request, const OnChunk& on_chunk, const OnHeaders& on_headers, bool relative_only);
  template <class Try>
  Result with_retries(Try&& attempt);
  std::string resolve_url() const;

  const HubFile& file_;
  const HubOptions& options_;
  std::unique_ptr<Session> session_;
};

Request Conversation::request(const std::string& method, const std::string& url) const {
  Request r;
  r.method = method;
  r.url = url;
  r.total_timeout = Seconds(24 * 3600.0);
  r.idle_timeout = Seconds(60);
  r.headers = {{"Accept-Encoding", "identity"}, {"User-Agent", "ipw/" IPW_VERSION}};
  if (!options_.token.empty() && host_of(url) == host_of(options_.endpoint))
    r.headers.emplace_back("Authorization", "Bearer " + options_.token);
  return r;
}

std::string Conversation::resolve_url() const {
  const auto* kind = file_.kind == HubKind::Dataset ? "datasets/" : "";
  return join_url(options_.endpoint, fmt::format("{}{}/resolve/{}/{}", kind, file_.repo, percent_encode(file_.revision), encode_path(file_.path)));
}

/// Follow redirects by hand, so that the token stays with the hub's own host.
Result Conversation::follow(Request first, const OnChunk& on_chunk, const OnHeaders& on_headers, bool relative_only) {
  Request next = std::move(first);
  for (int i = 0;; ++i) {
    const auto method = next.method, url = next.url;
    const auto extra = next.headers;
    auto result = send(*session_, std::move(next), on_chunk, on_headers);
    const auto location = header(result.headers, "Location");
    const bool redirect = !result.failure && result.status >= 300 && result.status < 400 && location;
    if (!redirect || i == kMaxRedirects || (relative_only && !location->starts_with('/'))) return result;
    const auto scheme_end = url.find("://") + 3;
    next = request(method, location->starts_with('/') ? url.substr(0, url.find('/', scheme_end)) + *location : *location);
    if (const auto range = header(extra, "Range")) next.headers.emplace_back("Range", *range);
  }
}

template <class Try>
Result Conversation::with_retries(Try&& attempt) {
  for (int i = 1;; ++i) {
    auto result = attempt();
    if (!may_retry(result) || i == kTries) return result;
    const auto told = parse_double(header(result.headers, "Retry-After").value_or(""));
    const Seconds wait(std::min(told.value_or(0.5 * (1 << i)), 60.0));
    log::info("hub: try {} of {} ended with status {}; waiting {:.1f} s", i, kTries, result.status, wait.count());
    if (options_.pause)
      options_.pause(wait);
    else
      std::this_thread::sleep_for(wait);
  }
}

Conversation::Head Conversation::head() {
  const auto result = with_retries([&] { return follow(request("HEAD", resolve_url()), {}, {}, true); });
  if (result.failure || result.status >= 400) throw hub_error(file_, options_, result);
  const auto text = [&](std::string_view name) { return header(result.headers, name); };
  Head head;
  head.commit = text("X-Repo-Commit").value_or("");
  auto etag = text("X-Linked-Etag").value_or(text("ETag").value_or(""));
  if (etag.starts_with("W/")) etag.erase(0, 2);
  std::erase(etag, '"');
  head.etag = etag;
  head.location = text("Location").value_or(result.effective_url);
  if (head.location.starts_with('/')) head.location = join_url(options_.endpoint, head.location);
  head.size = static_cast<std::uint64_t>(parse_int(text("X-Linked-Size").value_or(text("Content-Length").value_or("0"))).value_or(0));
  if (!is_commit(head.commit) || head.etag.empty() || head.etag.find('/') != std::string::npos)
    throw Error(ErrorCode::Format, fmt::format("{} does not answer like a hub: no commit or no etag for {}", options_.endpoint, file_.path),
                "check HF_ENDPOINT");
  return head;
}

void Conversation::download(const Head& head, const fs::path& partial) {
  const auto attempt = [&] {
    std::uint64_t have = fs::exists(partial) ? fs::file_size(partial) : 0;
    Request get = request("GET", head.location);
    if (have > 0) get.headers.emplace_back("Range", fmt::format("bytes={}-", have));
    int status = 0;
    std::unique_ptr<AppendFile> out;
    return follow(
        std::move(get),
        [&](const Chunk& chunk) {
          if (status >= 300) return true;
          if (!out) out = std::make_unique<AppendFile>(partial);
          out->append(chunk.bytes);
          have += chunk.bytes.size();
          if (options_.progress) options_.progress(file_.path, have, head.size);
          return true;
        },
        [&](int s, const Headers&) {
          status = s;
          if (s == 200 && have > 0) {  // the server does not resume: begin again
            fs::remove(partial);
            have = 0;
          }
        },
        false);
  };
  const auto result = with_retries(attempt);
  if (result.failure || (result.status != 200 && result.status != 206 && result.status != 416)) throw hub_error(file_, options_, result);
}

Response Conversation::get(const std::string& url) {
  Response response;
  response.result = with_retries([&] {
    response.body.clear();
    return follow(request("GET", url), [&](const Chunk& c) { return response.body += c.bytes, response.body.size() < (64U << 20); }, {}, false);
  });
  if (!response.ok()) throw hub_error(file_, options_, response.result);
  return response;
}

/// Check size and content; a wrong file is removed, so that it can never be taken for the right one.
void verify(const HubFile& file, const Conversation::Head& head, const fs::path& partial) {
  const auto size = fs::exists(partial) ? fs::file_size(partial) : 0;
  if (head.size > 0 && size < head.size)
    throw Error(ErrorCode::Unavailable, fmt::format("the download of {} broke off at {} of {}", file.path, human_bytes(size), human_bytes(head.size)),
                "repeat the command; it goes on where it stopped");
  const auto expected = !file.sha256.empty() ? file.sha256 : head.etag.size() == 64 ? head.etag : "";
  const auto actual = expected.empty() ? "" : sha256_file(partial);
  if (actual == expected && (head.size == 0 || size == head.size)) return;
  fs::remove(partial);
  throw Error(ErrorCode::Format, fmt::format("{} has the wrong checksum: {} instead of {}; it was removed", file.path, actual, expected),
              "repeat the command; if it happens again, the file on the hub is not the pinned one");
}

HubResult from_cache(const HubFile& file, const HubCache& cache, const std::string& why) {
  if (const auto commit = cache.commit_of(file.revision))
    if (const auto found = cache.find(*commit)) return {*found, *commit};
  throw Error(ErrorCode::Unavailable, fmt::format("{} of {} is not in the cache and {}", file.path, file.repo, why),
              "run once with the network on, or copy the cache folder from another machine");
}

}  // namespace

HubResult hub_file(const HubFile& file, const HubOptions& options) {
  const HubCache cache(file, options.cache);
  if (is_commit(file.revision))
    if (const auto found = cache.find(file.revision)) return {*found, file.revision};
  if (options.offline) return from_cache(file, cache, "HF_HUB_OFFLINE is set");
  Conversation hub(file, options);
  const auto head = hub.head();
  const FileLock lock(cache.lock_file(head.etag));
  const auto blob = cache.blob(head.etag);
  if (!fs::exists(blob)) {
    make_directories(blob.parent_path());
    const fs::path partial = blob.string() + ".incomplete";
    hub.download(head, partial);
    verify(file, head, partial);
    fs::rename(partial, blob);
  }
  return {cache.link(head.etag, head.commit, file.revision), head.commit};
}

std::vector<std::string> hub_list(const HubFile& folder, const HubOptions& options) {
  if (options.offline) throw Error(ErrorCode::Unavailable, fmt::format("cannot list {}: HF_HUB_OFFLINE is set", folder.repo));
  Conversation hub(folder, options);
  std::vector<std::string> files;
  const auto* kind = folder.kind == HubKind::Model ? "models" : "datasets";
  std::string url = join_url(options.endpoint, fmt::format("api/{}/{}/tree/{}/{}?recursive=true&expand=false", kind, folder.repo,
                                                           percent_encode(folder.revision), encode_path(folder.path)));
  while (!url.empty()) {
    const auto page = hub.get(url);
    const auto entries = parse_json(page.body);
    if (!entries || !entries->is_array()) throw Error(ErrorCode::Format, fmt::format("{} did not answer with a list of files", url));
    for (const auto& entry : *entries)
      if (entry.value("type", "") == "file") files.push_back(entry.value("path", ""));
    const auto link = header(page.result.headers, "Link").value_or("");
    const auto end = link.find(">; rel=\"next\"");
    url = end == std::string::npos ? "" : link.substr(1, end - 1);
  }
  return files;
}

}  // namespace ipw::http
