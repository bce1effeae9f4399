// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/kept_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ipw/base/text.h"

namespace ipw::telemetry {

namespace {

constexpr std::size_t kQuoted = 32;

int system_open(const char* path, int flags) {
  return ::open(path, flags);
}

// What a file holds, fit to be shown: a file at fault may hold anything.
std::string quoted(std::string_view content) {
  std::string out = to_valid_utf8(content.substr(0, kQuoted));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  }
  return out + (content.size() > kQuoted ? "..." : "");
}

// An ordinary file lives on for those who have it open when it was removed or replaced.
bool is_gone(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_nlink == 0;
}

}  // namespace

FileCalls& file_calls() {
  static FileCalls calls{system_open, ::pread};
  return calls;
}

KeptFile::~KeptFile() {
  if (fd_ >= 0) ::close(fd_);
}

KeptFile::KeptFile(KeptFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

Result<std::string_view, int> KeptFile::read() {
  if (fd_ >= 0 && is_gone(fd_)) ::close(std::exchange(fd_, -1));
  if (fd_ < 0) fd_ = file_calls().open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return Unexpected<int>(errno);
  const ssize_t n = file_calls().pread(fd_, buffer_.data(), buffer_.size(), 0);
  if (n >= 0) return std::string_view(buffer_.data(), static_cast<std::size_t>(n));
  const int error = errno;
  ::close(std::exchange(fd_, -1));
  return Unexpected<int>(error);
}

Result<double, Silence> NumberFile::read(bool negative) {
  const auto content = file_.read();
  if (!content) return Unexpected<Silence>({0, explain(path(), content.error()), cause_of(content.error())});
  const std::string_view text = trim(*content);
  if (const auto value = parse_int(text); value && (negative || *value >= 0))
    return static_cast<double>(*value);
  const std::string reason = text.empty() ? fmt::format("{} is empty, {} was expected", path(), what_)
                                          : fmt::format("{} holds '{}', not {}", path(), quoted(text), what_);
  return Unexpected<Silence>({0, reason, Cause::Nonsense});
}

Cause cause_of(int error) {
  if (error == EACCES || error == EPERM) return Cause::Denied;
  if (error == ENOENT || error == ENODEV || error == ENXIO) return Cause::NotFound;
  if (error == EOPNOTSUPP) return Cause::Unsupported;
  return Cause::Unreadable;
}

std::string remedy(int error) {
  if (error == EACCES || error == EPERM) {
    return "run with CAP_DAC_READ_SEARCH, or let a group read it (chgrp and chmod g+r, kept by a udev rule), "
           "or use a "
           "monitor that may";
  }
  if (error == ENOENT || error == ENODEV) return "the driver or the device has gone: load the driver again";
  if (error == EAGAIN || error == EIO || error == ENODATA || error == EBUSY)
    return "the device did not answer; it is asked again at the next reading";
  return {};
}

std::string explain(const std::string& path, int error) {
  const std::string what = remedy(error);
  return fmt::format("{}: {} (errno {}){}{}", path, std::strerror(error), error, what.empty() ? "" : "; ",
                     what);
}

std::optional<std::string> read_small(const std::string& path) {
  KeptFile file(path);
  const auto content = file.read();
  if (!content) return std::nullopt;
  return std::string(trim(*content));
}

}  // namespace ipw::telemetry
