// SPDX-License-Identifier: Apache-2.0
// Small files of /proc and /sys that are read again and again.
#pragma once
#include <sys/types.h>

#include <array>
#include <string>
#include <string_view>

#include "ipw/base/result.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// The system calls of a KeptFile. Tests exchange them to plant faults, before any other thread reads.
struct FileCalls {
  int (*open)(const char* path, int flags);
  ssize_t (*pread)(int fd, void* buffer, std::size_t size, off_t offset);
};
FileCalls& file_calls();

/// A file that stays open between reads: opening costs more than reading. A file that vanished, was replaced
/// or was refused is opened again at the next read. One thread at a time.
class KeptFile {
 public:
  explicit KeptFile(std::string path) : path_(std::move(path)) {}
  ~KeptFile();
  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&&) = delete;

  const std::string& path() const { return path_; }
  /// The first 4 KiB from the start of the file, valid until the next read; or errno.
  Result<std::string_view, int> read();

 private:
  std::string path_;
  int fd_ = -1;
  std::array<char, 4096> buffer_;
};

/// A file of /sys that holds one number. One thread at a time.
class NumberFile {
 public:
  /// `what` says for people what the number is: "a count of microjoules".
  NumberFile(std::string path, std::string_view what) : file_(std::move(path)), what_(what) {}

  const std::string& path() const { return file_.path(); }
  /// The number, or the silence that stands for it; its domain is for the caller to fill in. An empty file,
  /// letters, more digits than fit and, unless asked for, negative numbers are no values.
  Result<double, Silence> read(bool negative = false);

 private:
  KeptFile file_;
  std::string_view what_;
};

/// The cause that an errno stands for.
Cause cause_of(int error);
/// Say what is wrong with a file and what to do about it.
std::string explain(const std::string& path, int error);
/// What to do about an energy file that cannot be read; empty when nothing helps.
std::string remedy(int error);

/// The trimmed content of a small file, or nothing.
std::optional<std::string> read_small(const std::string& path);

/// The moment of a read: begun and ended on the monotonic clock.
struct Bracket {
  Instant begin, end;
  Instant mid() const { return begin + (end - begin) / 2; }
  Nanoseconds half_width() const { return (end - begin + Nanoseconds(1)) / 2; }
};

}  // namespace ipw::telemetry
