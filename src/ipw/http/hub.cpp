// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/base/text.h"
#include "ipw/http/hub_cache.h"
#include "ipw/http/hub_download.h"
#include "ipw/http/hub_request.h"

namespace ipw::http {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_true(const std::string& value) {
  const auto v = to_lower_ascii(value);
  return v == "1" || v == "true" || v == "yes" || v == "on";
}

/// What the hub tells of a file before its content.
struct FileHead {
  std::string commit, etag, url;
  std::uint64_t size = 0;  ///< 0 when the hub does not say
};

std::string plain_etag(std::string_view etag) {
  etag = trim(etag);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

/// LFS files are tagged with their SHA-256, others with a git SHA-1.
bool is_sha256(std::string_view tag) {
  return tag.size() == 64 && tag.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

FileHead read_head(HubConnection& hub) {
  const auto response = hub.head(hub.content_url());
  const auto& headers = response.result.headers;
  const auto status = response.result.status;
  if (response.result.failure || status < 200 || status >= 400) hub.fail(response);
  FileHead head;
  head.commit = header(headers, "X-Repo-Commit").value_or("");
  const auto linked = header(headers, "X-Linked-Etag");
  head.etag = plain_etag(linked ? *linked : header(headers, "ETag").value_or(""));
  auto size = header(headers, "X-Linked-Size");
  if (!size && status < 300) size = header(headers, "Content-Length");
  head.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, parse_int(size.value_or("")).value_or(0)));
  const auto location = header(headers, "Location");
  head.url = location ? resolve_url(response.result.effective_url, *location) : response.result.effective_url;
  if (!is_commit(head.commit) || head.etag.empty())
    throw Error(ErrorCode::Format,
                fmt::format("the answer for {} names no commit or no entity tag", hub.content_url()),
                "check that HF_ENDPOINT is a Hugging Face hub or a mirror of one");
  return head;
}

/// Put the blob into the cache unless it is there, and check it against the pin.
void provide_blob(HubConnection& hub, const HubFile& file, const HubOptions& options, const RepoCache& cache,
                  const FileHead& head) {
  const auto blob = cache.blob(head.etag);
  const FileLock lock(cache.lock(head.etag));
  if (fs::exists(blob)) return;
  download({head.url, blob, head.size, is_sha256(head.etag) ? head.etag : std::string()}, hub,
           [&](std::uint64_t have, std::uint64_t all) {
             if (options.progress) options.progress(file.path, have, all);
           });
}

void require_pin(const HubFile& file, const fs::path& path) {
  if (file.sha256.empty()) return;
  const auto found = sha256_file(path);
  if (found == to_lower_ascii(file.sha256)) return;
  throw Error(
      ErrorCode::Format,
      fmt::format("{} of {} has the checksum {}, not {} as pinned", file.path, file.repo, found, file.sha256),
      fmt::format("the file was changed upstream or on disk; remove {} to load it again", path.string()));
}

std::optional<HubResult> cached(const RepoCache& cache, const HubFile& file) {
  const auto commit = cache.commit_of(file.revision);
  if (!commit) return std::nullopt;
  const auto path = cache.snapshot(*commit, file.path);
  if (!fs::exists(path)) return std::nullopt;
  return HubResult{path, *commit};
}

HubResult load(const HubFile& file, const HubOptions& options, const RepoCache& cache) {
  if (options.offline)
    throw Error(ErrorCode::Unavailable,
                fmt::format("{} of {} at {} is not in {} and HF_HUB_OFFLINE is set", file.path, file.repo,
                            file.revision, options.cache.string()),
                "unset HF_HUB_OFFLINE, or load the file once where there is a network and copy the cache");
  HubConnection hub(file, options);
  const auto head = read_head(hub);
  provide_blob(hub, file, options, cache, head);
  cache.link(head.commit, file.path, head.etag);
  cache.remember(file.revision, head.commit);
  return {cache.snapshot(head.commit, file.path), head.commit};
}

}  // namespace

HubOptions hub_options_from_environment() {
  HubOptions options;
  options.endpoint = variable("HF_ENDPOINT");
  if (options.endpoint.empty()) options.endpoint = "https://huggingface.co";
  fs::path home = variable("HF_HOME");
  if (home.empty()) {
    const auto base = variable("XDG_CACHE_HOME");
    home = (base.empty() ? fs::path(variable("HOME")) / ".cache" : fs::path(base)) / "huggingface";
  }
  options.cache = variable("HF_HUB_CACHE");
  if (options.cache.empty()) options.cache = home / "hub";
  options.token = variable("HF_TOKEN");
  if (options.token.empty()) options.token = variable("HUGGING_FACE_HUB_TOKEN");
  if (options.token.empty() && fs::is_regular_file(home / "token")) options.token = read_file(home / "token");
  options.token = trim(options.token);
  options.offline = is_true(variable("HF_HUB_OFFLINE"));
  return options;
}

HubResult hub_file(const HubFile& file, const HubOptions& options) {
  const RepoCache cache(options.cache, file);
  // A commit never changes; a branch may have moved, so that only offline trusts what it stood for.
  std::optional<HubResult> result;
  if (options.offline || is_commit(file.revision)) result = cached(cache, file);
  if (!result) result = load(file, options, cache);
  require_pin(file, result->file);
  return *result;
}

std::vector<std::string> hub_list(const HubFile& folder, const HubOptions& options) {
  const RepoCache names_are_plain(options.cache, folder);
  if (options.offline)
    throw Error(ErrorCode::Unavailable, fmt::format("cannot list {}: HF_HUB_OFFLINE is set", folder.repo),
                "unset HF_HUB_OFFLINE, or name the files");
  HubConnection hub(folder, options);
  std::vector<std::string> paths;
  for (auto url = hub.list_url(); !url.empty();) {
    const auto response = hub.ask("GET", url);
    if (!response.ok()) hub.fail(response);
    for (auto& path : files_of_listing(response.body, folder.repo)) paths.push_back(std::move(path));
    const auto next = next_link(response.result.headers);
    url = next.empty() ? next : resolve_url(url, next);
  }
  return paths;
}

}  // namespace ipw::http
