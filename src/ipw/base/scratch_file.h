// SPDX-License-Identifier: Apache-2.0
// Room on disk for what would grow in memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace ipw {

/// An anonymous file: it has no name and is gone when it is closed, also by kill -9. One thread at a time.
class ScratchFile {
 public:
  /// Make it in this folder, or in the system's temporary one where that is empty or cannot be
  /// written. Throws
  /// Error(Unavailable).
  explicit ScratchFile(const std::filesystem::path& folder);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  /// Returns the offset of what was written. Throws Error(Unavailable) on a full disk.
  std::uint64_t append(std::span<const std::byte> bytes);
  /// Fill the whole span with bytes that were appended. Throws Error(Unavailable).
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace ipw
