// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ipw::records {

/// Lines of a file by byte offset, through a window of 256 KiB or the longest line. One thread at a time.
class LineFile {
 public:
  explicit LineFile(const std::filesystem::path& path);
  ~LineFile();
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&&) = delete;

  struct Line {
    std::string_view text;   ///< without its newline; valid until the next call
    std::uint64_t next = 0;  ///< offset of the line after it
    bool whole = true;       ///< false when the file ends before a newline
  };
  /// Read the line that begins at an offset; nothing at the end of the file. Throws Error(Unavailable).
  std::optional<Line> at(std::uint64_t offset);

 private:
  bool fill(std::uint64_t offset, std::size_t bytes);

  std::filesystem::path path_;
  int fd_ = -1;
  std::string window_;
  std::uint64_t window_offset_ = 0;
};

}  // namespace ipw::records
