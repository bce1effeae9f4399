// SPDX-License-Identifier: Apache-2.0
// Small files of /proc and /sys that are read again and again.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "ipw/base/result.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// A file that stays open between reads: opening costs more than reading. A file that vanished or was refused
/// is tried again at the next read. One thread at a time.
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
