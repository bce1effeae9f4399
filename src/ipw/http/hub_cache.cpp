// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"

namespace ipw::http {
namespace {

namespace fs = std::filesystem;

/// Names come from servers and users: none may climb out of the cache.
void require_inside(const std::string& what, const std::string& name) {
  const auto parts = split(name, '/');
  const bool plain = std::ranges::none_of(parts, [](auto p) { return p.empty() || p == "." || p == ".."; });
  if (plain && name.find('\0') == std::string::npos) return;
  throw Error(ErrorCode::Usage, fmt::format("{:?} is not a valid {} of a hub repository", name, what),
              "write it as the hub's web page shows it, without a leading slash");
}

std::string folder_name(const HubFile& file) {
  const auto* kind = file.kind == HubKind::Dataset ? "datasets" : "models";
  return fmt::format("{}--{}", kind, replace_all(file.repo, "/", "--"));
}

}  // namespace

bool is_commit(std::string_view revision) {
  return revision.size() == 40 && revision.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

RepoCache::RepoCache(const fs::path& root, const HubFile& file)
    : root_(root), folder_(root / folder_name(file)) {
  require_inside("name", file.repo);
  require_inside("revision", file.revision);
  if (!file.path.empty()) require_inside("path", file.path);
}

std::optional<std::string> RepoCache::commit_of(const std::string& revision) const {
  if (is_commit(revision)) return revision;
  const auto ref = folder_ / "refs" / revision;
  if (!fs::is_regular_file(ref)) return std::nullopt;
  const std::string commit(trim(read_file(ref)));
  return is_commit(commit) ? std::optional(commit) : std::nullopt;
}

void RepoCache::remember(const std::string& revision, const std::string& commit) const {
  if (is_commit(revision) || commit_of(revision) == commit) return;
  const auto ref = folder_ / "refs" / revision;
  make_directories(ref.parent_path());
  write_file_atomic(ref, commit);
}

fs::path RepoCache::snapshot(const std::string& commit, const std::string& path) const {
  return folder_ / "snapshots" / commit / path;
}

fs::path RepoCache::blob(const std::string& etag) const {
  if (etag.empty() || etag.find_first_of(std::string_view("/\0", 2)) != std::string::npos ||
      etag.starts_with('.'))
    throw Error(ErrorCode::Format,
                fmt::format("the hub sent the entity tag {:?}, which is not a file name", etag),
                "check that HF_ENDPOINT is a Hugging Face hub or a mirror of one");
  return folder_ / "blobs" / etag;
}

fs::path RepoCache::lock(const std::string& etag) const {
  return root_ / ".locks" / folder_.filename() / (blob(etag).filename().string() + ".lock");
}

void RepoCache::link(const std::string& commit, const std::string& path, const std::string& etag) const {
  const auto pointer = snapshot(commit, path);
  make_directories(pointer.parent_path());
  const auto target = blob(etag).lexically_relative(pointer.parent_path());
  const fs::path temporary = pointer.string() + fmt::format(".tmp{}", ::getpid());
  std::error_code error;
  fs::remove(temporary, error);
  fs::create_symlink(target, temporary, error);
  if (!error) fs::rename(temporary, pointer, error);
  if (error)
    throw Error(ErrorCode::Unavailable, fmt::format("cannot link {}: {}", pointer.string(), error.message()),
                "the cache needs a file system with symbolic links; set HF_HUB_CACHE to one");
}

FileLock::FileLock(const fs::path& path) : fd_(-1) {
  make_directories(path.parent_path());
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  int failed = fd_ < 0 ? -1 : 0;
  while (fd_ >= 0 && (failed = ::flock(fd_, LOCK_EX)) != 0 && errno == EINTR) {
  }
  if (failed == 0) return;
  const int error = errno;
  if (fd_ >= 0) ::close(fd_);
  throw Error(ErrorCode::Permission, fmt::format("cannot lock {}: {}", path.string(), std::strerror(error)),
              "check the owner and the mode of the cache folder (HF_HUB_CACHE)");
}

FileLock::~FileLock() {
  ::close(fd_);
}

}  // namespace ipw::http
