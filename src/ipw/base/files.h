// SPDX-License-Identifier: Apache-2.0
// Files that are whole or absent, and files that only grow.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace ipw {

/// Read a whole file. Throws Error(NotFound | Permission) naming the path.
std::string read_file(const std::filesystem::path& path);

/// Replace a file by writing a temporary one beside it, syncing and renaming it. Throws Error(Unavailable) on
/// a full disk.
void write_file_atomic(const std::filesystem::path& path, std::string_view content);

/// A file that is only appended to; a line that append() has returned from survives kill -9. One thread at a
/// time.
class AppendFile {
 public:
  explicit AppendFile(const std::filesystem::path& path);
  ~AppendFile();
  AppendFile(AppendFile&&) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;
  /// Write all bytes with one call where the system allows it. On a short write (full disk) the file is cut
  /// back to its former length and Error(Unavailable) is thrown, so no half line stays behind.
  void append(std::string_view bytes);
  /// Force what was appended to the device (fdatasync).
  void sync();

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

/// Make a directory and its parents. Throws Error.
void make_directories(const std::filesystem::path& path);

}  // namespace ipw
