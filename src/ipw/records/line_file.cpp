// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ipw/base/error.h"

namespace ipw::records {
namespace {
constexpr std::size_t kWindow = std::size_t{256} << 10;
}

LineFile::LineFile(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_ < 0)
    throw Error(errno == EACCES ? ErrorCode::Permission : ErrorCode::NotFound,
                fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
}

LineFile::~LineFile() {
  if (fd_ >= 0) ::close(fd_);
}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      window_(std::move(other.window_)),
      window_offset_(other.window_offset_) {}

bool LineFile::fill(std::uint64_t offset, std::size_t bytes) {
  window_.resize(bytes);
  window_offset_ = offset;
  std::size_t done = 0;
  while (done < bytes) {
    const auto n = ::pread(fd_, window_.data() + done, bytes - done, static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n > 0) done += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR)
      throw Error(ErrorCode::Unavailable,
                  fmt::format("cannot read {}: {}", path_.string(), std::strerror(errno)));
  }
  window_.resize(done);
  return done == bytes;
}

std::optional<LineFile::Line> LineFile::at(std::uint64_t offset) {
  std::size_t bytes = kWindow;
  for (bool more = true;; bytes *= 2) {
    if (offset >= window_offset_ && offset < window_offset_ + window_.size()) {
      const auto rest = std::string_view(window_).substr(static_cast<std::size_t>(offset - window_offset_));
      const auto end = rest.find('\n');
      if (end != std::string_view::npos) return Line{rest.substr(0, end), offset + end + 1, true};
      if (!more) return Line{rest, offset + rest.size(), false};
    } else if (!more) {
      return std::nullopt;
    }
    more = fill(offset, bytes);
  }
}

}  // namespace ipw::records
