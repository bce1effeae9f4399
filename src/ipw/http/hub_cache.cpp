// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"

namespace ipw::http {
namespace fs = std::filesystem;
namespace {

void require_plain(std::string_view what, const std::string& text) {
  for (const auto part : split(text, '/'))
    if (part.empty() || part == "." || part == "..")
      throw Error(ErrorCode::Usage, fmt::format("'{}' is not a {}", text, what), "write it as OWNER/NAME and a path inside the repository");
}

}  // namespace

bool is_commit(const std::string& revision) {
  return revision.size() == 40 && revision.find_first_not_of("0123456789abcdef") == std::string::npos;
}

HubCache::HubCache(const HubFile& file, const fs::path& root) : root_(root), path_(file.path) {
  require_plain("repository of the hub", file.repo);
  if (!file.path.empty()) require_plain("file of a repository", file.path);
  name_ = (file.kind == HubKind::Model ? "models--" : "datasets--") + replace_all(file.repo, "/", "--");
  folder_ = root_ / name_;
}

std::optional<std::string> HubCache::commit_of(const std::string& revision) const {
  if (is_commit(revision)) return revision;
  const auto ref = folder_ / "refs" / revision;
  if (!fs::is_regular_file(ref)) return std::nullopt;
  return std::string(trim(read_file(ref)));
}

fs::path HubCache::snapshot_file(const std::string& commit) const { return folder_ / "snapshots" / commit / path_; }

std::optional<fs::path> HubCache::find(const std::string& commit) const {
  const auto file = snapshot_file(commit);
  return fs::exists(file) ? std::optional(file) : std::nullopt;
}

fs::path HubCache::blob(const std::string& etag) const { return folder_ / "blobs" / etag; }

fs::path HubCache::link(const std::string& etag, const std::string& commit, const std::string& revision) const {
  const auto file = snapshot_file(commit);
  make_directories(file.parent_path());
  const auto temporary = file.string() + fmt::format(".tmp{}", ::getpid());
  std::error_code ignored;
  fs::remove(temporary, ignored);
  fs::create_symlink(fs::relative(blob(etag), file.parent_path()), temporary);
  fs::rename(temporary, file);
  if (!is_commit(revision)) {
    make_directories((folder_ / "refs" / revision).parent_path());
    write_file_atomic(folder_ / "refs" / revision, commit);
  }
  return file;
}

fs::path HubCache::lock_file(const std::string& etag) const { return root_ / ".locks" / name_ / (etag + ".lock"); }

FileLock::FileLock(const fs::path& path) {
  make_directories(path.parent_path());
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0 || ::flock(fd_, LOCK_EX) != 0) throw Error(ErrorCode::Permission, fmt::format("cannot lock {}", path.string()));
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace ipw::http
