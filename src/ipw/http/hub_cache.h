// SPDX-License-Identifier: Apache-2.0
// The cache folder that the Python client uses too: blobs by content, snapshots by commit, refs by branch.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "ipw/http/hub.h"

namespace ipw::http {

class HubCache {
 public:
  /// Throws Error(Usage) for a repository or file name that would leave the cache.
  HubCache(const HubFile& file, const std::filesystem::path& root);

  /// The commit that a branch or tag was last seen at; a commit is itself.
  std::optional<std::string> commit_of(const std::string& revision) const;
  /// The file of a commit, where it is here.
  std::optional<std::filesystem::path> find(const std::string& commit) const;
  std::filesystem::path blob(const std::string& etag) const;
  /// Link the blob into the commit's snapshot and note where the revision points. Returns the file.
  std::filesystem::path link(const std::string& etag, const std::string& commit, const std::string& revision) const;
  std::filesystem::path lock_file(const std::string& etag) const;

 private:
  std::filesystem::path snapshot_file(const std::string& commit) const;
  std::filesystem::path root_, folder_;
  std::string name_, path_;
};

/// Hold a lock file for as long as this lives, waiting for other processes to let go of it.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

/// Tell whether a revision is a full commit id.
bool is_commit(const std::string& revision);

}  // namespace ipw::http
