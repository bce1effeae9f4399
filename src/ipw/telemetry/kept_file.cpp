// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/kept_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ipw/base/text.h"

namespace ipw::telemetry {

KeptFile::~KeptFile() {
  if (fd_ >= 0) ::close(fd_);
}

KeptFile::KeptFile(KeptFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

Result<std::string_view, int> KeptFile::read() {
  if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return Unexpected<int>(errno);
  const ssize_t n = ::pread(fd_, buffer_.data(), buffer_.size(), 0);
  if (n >= 0) return std::string_view(buffer_.data(), static_cast<std::size_t>(n));
  const int error = errno;
  ::close(std::exchange(fd_, -1));
  return Unexpected<int>(error);
}

std::string remedy(int error) {
  if (error == EACCES || error == EPERM) {
    return "run with CAP_DAC_READ_SEARCH, or let a group read it (chgrp and chmod g+r, kept by a udev rule), "
           "or use a "
           "monitor that may";
  }
  if (error == ENOENT || error == ENODEV)
    return "the driver has gone: load it again (modprobe intel_rapl_msr)";
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
