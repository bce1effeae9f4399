// SPDX-License-Identifier: Apache-2.0
// Any answer of a hub: waits are bounded, no name leads out of the cache, and a listing is read or refused.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/http/hub_cache.h"
#include "ipw/http/hub_request.h"

namespace {

using namespace ipw::http;

/// Cut the text up to the next zero byte off the front.
std::string take(std::string_view& rest) {
  const auto end = rest.find('\0');
  const std::string part(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

void check_headers(const std::string& value) {
  for (const char* name : {"Retry-After", "ratelimit"}) {
    const auto wait = retry_delay({{name, value}}, 2);
    if (!(wait.count() >= 0 && wait.count() <= 60)) std::abort();
  }
  const auto next = next_link({{"Link", value}});
  origin(resolve_url("https://hub.example/api/x?y", next));
  is_commit(value);
}

void expect_inside(const std::filesystem::path& path) {
  const auto inside = path.lexically_normal().lexically_relative("/cache");
  if (inside.empty() || *inside.begin() == "..") std::abort();
}

void check_names(const std::string& repo, const std::string& etag, const std::string& path) try {
  const RepoCache cache("/cache", {HubKind::Model, repo, "main", path, {}});
  expect_inside(cache.blob(etag));
  expect_inside(cache.lock(etag));
  expect_inside(cache.snapshot(std::string(40, 'a'), path));
} catch (const ipw::Error&) {
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto value = take(rest), repo = take(rest), etag = take(rest), path = take(rest);
  check_headers(value);
  check_names(repo, etag, path);
  try {
    files_of_listing(rest, "owner/name");
  } catch (const ipw::Error&) {
  }
  return 0;
}
