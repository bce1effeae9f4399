// SPDX-License-Identifier: Apache-2.0
// The folders of the Hugging Face cache (reference: protocols.md 9.4). Nothing here touches the network.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "ipw/http/hub.h"

namespace ipw::http {

/// Where one repository lies in the cache.
class RepoCache {
 public:
  /// Throws Error(Usage) for names that would lead out of the cache.
  RepoCache(const std::filesystem::path& root, const HubFile& file);

  /// The commit that a revision stood for when it was last asked; a full commit stands for itself.
  std::optional<std::string> commit_of(const std::string& revision) const;
  void remember(const std::string& revision, const std::string& commit) const;
  /// Where a file of a commit is, whether it exists or not.
  std::filesystem::path snapshot(const std::string& commit, const std::string& path) const;
  /// Where the bytes with an entity tag are. Throws Error(Format) for a tag that is not a plain name.
  std::filesystem::path blob(const std::string& etag) const;
  std::filesystem::path lock(const std::string& etag) const;
  /// Make the snapshot's relative link to the blob.
  void link(const std::string& commit, const std::string& path, const std::string& etag) const;

 private:
  std::filesystem::path root_, folder_;
};

/// Tell whether a text is a full commit (40 hex digits).
bool is_commit(std::string_view revision);

/// Hold a lock file (flock) while this lives, so that two processes do not download the same blob at once.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

}  // namespace ipw::http
