// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/scratch_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "ipw/base/error.h"

namespace ipw {
namespace {

Error scratch_error(std::string_view verb, int error) {
  return {ErrorCode::Unavailable, fmt::format("cannot {} a temporary file: {}", verb, std::strerror(error)),
          error == ENOSPC ? "free some space on that disk, or name another with TMPDIR" : ""};
}

/// -1 and errno where it cannot be.
int open_unnamed(const std::filesystem::path& folder) {
  if (folder.empty()) return -1;
#ifdef O_TMPFILE
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
#endif
  // Not every file system knows files without a name.
  std::string name = (folder / ".ipw-scratch-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

/// Call a read or write of positioned bytes until all are through. False at the end of the file.
template <class Byte, class Transfer>
bool transfer_all(std::span<Byte> bytes, std::uint64_t offset, Transfer transfer, std::string_view verb) {
  while (!bytes.empty()) {
    const auto n = transfer(bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n == 0) return false;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw scratch_error(verb, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

}  // namespace

ScratchFile::ScratchFile(const std::filesystem::path& folder) : fd_(open_unnamed(folder)) {
  std::error_code error;
  if (fd_ < 0) fd_ = open_unnamed(std::filesystem::temp_directory_path(error));
  if (fd_ < 0) throw scratch_error("make", errno);
}

ScratchFile::~ScratchFile() {
  ::close(fd_);
}

std::uint64_t ScratchFile::append(std::span<const std::byte> bytes) {
  const auto offset = size_;
  const auto write = [this](const void* data, std::size_t n, off_t at) { return ::pwrite(fd_, data, n, at); };
  if (!transfer_all(bytes, offset, write, "write")) throw scratch_error("write", ENOSPC);
  size_ += bytes.size();
  return offset;
}

void ScratchFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  const auto read = [this](void* data, std::size_t n, off_t at) { return ::pread(fd_, data, n, at); };
  if (!transfer_all(bytes, offset, read, "read")) throw scratch_error("read", EIO);
}

}  // namespace ipw
