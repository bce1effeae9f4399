// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/world_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "ipw/base/error.h"

namespace ipw::sim {

namespace fs = std::filesystem;

namespace {

constexpr int kCoresPerSocket = 4;

void write_text(const fs::path& path, std::string_view text) {
  LiveFile(path).write(std::string(text));
}

}  // namespace

LiveFile::LiveFile(fs::path path) : path_(std::move(path)) {
  open();
}

void LiveFile::open() {
  std::error_code ignored;
  fs::create_directories(path_.parent_path(), ignored);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)),
                "name another folder with --root");
  }
}

LiveFile::~LiveFile() {
  if (fd_ >= 0) ::close(fd_);
}

LiveFile::LiveFile(LiveFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      visible_(other.visible_),
      longest_(other.longest_) {}

void LiveFile::write(std::string content, bool binary) {
  if (!visible_) return;
  if (!binary) {
    content += '\n';
    longest_ = std::max(longest_, content.size());
    content.resize(longest_, '\n');
  }
  // A short write of a few bytes means a full disk: the value then stands still, as a stuck sensor does.
  [[maybe_unused]] const auto written = ::pwrite(fd_, content.data(), content.size(), 0);
}

void LiveFile::show(bool visible) {
  if (visible == visible_) return;
  visible_ = visible;
  // The same file comes back, for readers that kept it open.
  const fs::path away = path_.string() + ".gone";
  std::error_code ignored;
  if (!visible) fs::resize_file(path_, 0, ignored);
  fs::rename(visible ? away : path_, visible ? path_ : away, ignored);
}

void write_host(const fs::path& root, int sockets) {
  std::string cpus;
  for (int i = 0; i < std::max(1, sockets) * kCoresPerSocket; ++i) {
    cpus += fmt::format(
        "processor\t: {}\nphysical id\t: {}\nmodel name\t: ipw-sim Simulated CPU\nflags\t\t: fpu\n\n", i,
        i / kCoresPerSocket);
  }
  write_text(root / "proc/cpuinfo", cpus);
  write_text(root / "proc/sys/kernel/ostype", "Linux");
  write_text(root / "proc/sys/kernel/osrelease", "0.0.0-ipw-sim");
  write_text(root / "proc/sys/kernel/hostname", "ipw-sim");
  write_text(root / "etc/os-release", "NAME=\"ipw-sim\"\nVERSION_ID=\"1\"");
}

void write_zone(const fs::path& root, const std::string& zone, const std::string& name,
                const Device& device) {
  const fs::path folder = root / "sys/class/powercap" / zone;
  write_text(folder / "name", name);
  write_text(folder / "enabled", "1");
  const double range = (device.wrap_joules - device.step_joules) * 1e6;
  write_text(folder / "max_energy_range_uj", fmt::format("{:.0f}", range));
  write_text(folder / "constraint_0_power_limit_uw", fmt::format("{:.0f}", device.power_limit_watts * 1e6));
}

}  // namespace ipw::sim
