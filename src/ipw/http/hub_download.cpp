// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub_download.h"

#include <fmt/format.h>

#include <optional>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"

namespace ipw::http {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 6;

std::uint64_t size_of(const fs::path& path) {
  return fs::exists(path) ? fs::file_size(path) : 0;
}

/// Ask for what is missing and append it. A server that ignores the range sends all: then start over.
Response load_rest(const DownloadJob& job, const fs::path& partial, HubConnection& hub,
                   const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  auto have = size_of(partial);
  Headers headers;
  if (have > 0) headers.emplace_back("Range", fmt::format("bytes={}-", have));
  std::optional<AppendFile> out;
  return hub.ask("GET", job.url, headers, [&](int status, std::string_view bytes) {
    if (!out && status != 206) {
      fs::remove(partial);
      have = 0;
    }
    if (!out) out.emplace(partial);
    out->append(bytes);
    have += bytes.size();
    if (progress) progress(have, job.size);
  });
}

void check(const DownloadJob& job, const fs::path& partial) {
  const auto size = size_of(partial);
  std::string wrong;
  if (job.size > 0 && size != job.size) wrong = fmt::format("{} bytes instead of {}", size, job.size);
  if (wrong.empty() && !job.sha256.empty())
    if (const auto found = sha256_file(partial); found != job.sha256)
      wrong = fmt::format("the checksum {} instead of {}", found, job.sha256);
  if (wrong.empty()) return;
  fs::remove(partial);
  throw Error(ErrorCode::Format,
              fmt::format("{} arrived with {}", job.url.substr(0, job.url.find('?')), wrong),
              "repeat the command; if it happens again, the hub or a proxy on the way damages the file");
}

}  // namespace

void download(const DownloadJob& job, HubConnection& hub,
              const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const fs::path partial = job.target.string() + ".incomplete";
  make_directories(job.target.parent_path());
  for (int attempt = 1; job.size == 0 || size_of(partial) != job.size; ++attempt) {
    // What is longer than promised belongs to something else.
    if (job.size > 0 && size_of(partial) > job.size) fs::remove(partial);
    const auto before = size_of(partial);
    const auto response = load_rest(job, partial, hub, progress);
    if (response.ok()) break;
    const bool bad_range = response.result.status == 416 && before > 0;
    if (bad_range) fs::remove(partial);
    const bool progressed = response.result.failure && size_of(partial) > before;
    if (attempt == kAttempts || (!bad_range && !progressed)) hub.fail(response);
  }
  // An empty file sends no bytes that would have made it.
  if (!fs::exists(partial)) AppendFile{partial};
  AppendFile(partial).sync();
  check(job, partial);
  fs::rename(partial, job.target);
}

}  // namespace ipw::http
