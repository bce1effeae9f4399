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

template <class T>
void put(std::string& blob, std::size_t at, T value) {
  std::memcpy(blob.data() + at, &value, sizeof value);
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
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), longest_(other.longest_) {}

void LiveFile::write(std::string content, bool binary) {
  if (fd_ < 0) return;
  if (!binary) {
    content += '\n';
    longest_ = std::max(longest_, content.size());
    content.resize(longest_, '\n');
  }
  // A short write of a few bytes means a full disk: the value then stands still, as a stuck sensor does.
  [[maybe_unused]] const auto written = ::pwrite(fd_, content.data(), content.size(), 0);
}

void LiveFile::show(bool visible) {
  if (visible == (fd_ >= 0)) return;
  if (visible) return open();
  ::unlink(path_.c_str());
  ::ftruncate(fd_, 0);  // who keeps it open reads nothing any more
  ::close(std::exchange(fd_, -1));
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

void write_card(const fs::path& root, int card, const Device& device) {
  const fs::path folder = root / fmt::format("sys/class/drm/card{}/device", card);
  write_text(folder / "vendor", "0x1002");
  write_text(folder / "device", "0x74a1");
  write_text(folder / "product_name", device.name);
  write_text(folder / "unique_id", fmt::format("{:016x}", 0x1ca0 + card));
  write_text(folder / "uevent",
             fmt::format("DRIVER=amdgpu\nPCI_ID=1002:74A1\nPCI_SLOT_NAME=0000:{:02x}:00.0", 0x10 + card));
  write_text(folder / "mem_info_vram_total", fmt::format("{:.0f}", device.memory_total_mb * 1048576));
  const fs::path hwmon = folder / fmt::format("hwmon/hwmon{}", card);
  write_text(hwmon / "name", "amdgpu");
  write_text(hwmon / "temp1_label", "edge");
  write_text(hwmon / "power1_cap", fmt::format("{:.0f}", device.power_limit_watts * 1e6));
}

std::string gpu_metrics(const World& world, const Device& d, std::int64_t at_ns) {
  constexpr std::size_t kSize = 120;
  std::string blob(kSize, '\xff');  // all ones: absent
  put<std::uint16_t>(blob, 0, kSize);
  put<std::uint8_t>(blob, 2, 1);
  put<std::uint8_t>(blob, 3, 3);
  const auto temperature = static_cast<std::uint16_t>(d.temperature_celsius);
  for (std::size_t at = 4; at < 10; at += 2) put(blob, at, temperature);
  put(blob, 16, static_cast<std::uint16_t>(d.utilization_pct));
  put(blob, 18, static_cast<std::uint16_t>(d.utilization_pct / 2));
  put(blob, 22, static_cast<std::uint16_t>(std::clamp(shown_watts(world, d, at_ns), 0.0, 65534.0)));
  put(blob, 24, static_cast<std::uint64_t>(shown_joules(world, d, at_ns) * 65536));
  const std::int64_t taken = taken_ns(world, d, at_ns);
  put(blob, 32, static_cast<std::uint64_t>(taken));
  put<std::uint32_t>(blob, 68, 0);
  put(blob, 96, static_cast<std::uint64_t>(taken / 10));
  put<std::uint64_t>(blob, 112, 0);
  return blob;
}

}  // namespace ipw::sim
