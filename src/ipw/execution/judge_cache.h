// SPDX-License-Identifier: Apache-2.0
// Replies of judges, kept in a file that only grows.
#pragma once
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "ipw/base/files.h"

namespace ipw::execution {

/// Replies by key. A line that cannot be read (torn by a crash) is passed over. Thread-safe; processes may
/// share the file, each sees what stood there when it opened it.
class JudgeCache {
 public:
  /// An empty path keeps replies in memory only. Throws Error when the file cannot be opened.
  explicit JudgeCache(const std::filesystem::path& path);
  std::optional<std::string> find(const std::string& key) const;
  void keep(const std::string& key, const std::string& reply);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::string> replies_;
  std::optional<AppendFile> file_;
};

}  // namespace ipw::execution
