// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ipw/base/error.h"

namespace ipw {
namespace {

Error file_error(std::string_view verb, const std::filesystem::path& path, int error) {
  const auto code = error == ENOENT   ? ErrorCode::NotFound
                    : error == EACCES ? ErrorCode::Permission
                                      : ErrorCode::Unavailable;
  const char* hint = error == ENOSPC
                         ? "free some space on that disk and repeat; what was written before is kept"
                     : error == EACCES ? "check the owner and the mode of the file and of its folder"
                                       : "";
  return {code, fmt::format("cannot {} {}: {}", verb, path.string(), std::strerror(error)), hint};
}

/// Write everything; the number of bytes that got through is short only on an error, which errno names.
std::size_t write_fully(int fd, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n > 0) done += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) break;
  }
  return done;
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0) throw file_error("open", path, errno);
  std::string content;
  char buffer[65536];
  for (;;) {
    const auto n = ::read(file.get(), buffer, sizeof buffer);
    if (n == 0) return content;
    if (n > 0) content.append(buffer, static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR) throw file_error("read", path, errno);
  }
}

void write_file_atomic(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path temporary = path.string() + fmt::format(".tmp{}", ::getpid());
  {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.get() < 0) throw file_error("create", temporary, errno);
    if (write_fully(file.get(), content) < content.size() || ::fsync(file.get()) != 0) {
      const int error = errno;
      ::unlink(temporary.c_str());
      throw file_error("write", path, error);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw file_error("rename to", path, errno);
}

AppendFile::AppendFile(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) throw file_error("open", path, errno);
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

void AppendFile::append(std::string_view bytes) {
  const off_t before = ::lseek(fd_, 0, SEEK_END);
  if (write_fully(fd_, bytes) == bytes.size()) return;
  const int error = errno;
  if (before >= 0 && ::ftruncate(fd_, before) != 0) throw file_error("cut back", path_, errno);
  throw file_error("write", path_, error);
}

void AppendFile::sync() {
  if (::fdatasync(fd_) != 0) throw file_error("sync", path_, errno);
}

void make_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw file_error("create folder", path, error.value());
}

}  // namespace ipw
