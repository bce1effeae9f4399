// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/amd_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

namespace ipw::sim {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;
  if (::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
    static_cast<void>(::ftruncate(fd, static_cast<off_t>(text.size())) == 0);
  ::close(fd);
}

// A table with all bits set, as the driver begins it, and a header.
std::string table(unsigned size, unsigned format, unsigned content) {
  std::string out(size, '\xff');
  out[0] = static_cast<char>(size & 0xff);
  out[1] = static_cast<char>(size >> 8);
  out[2] = static_cast<char>(format);
  out[3] = static_cast<char>(content);
  return out;
}

void put(std::string& out, std::size_t offset, std::size_t bytes, double value) {
  auto raw = value >= 0 && value < 1.8e19 ? static_cast<std::uint64_t>(value) : ~std::uint64_t{0};
  for (std::size_t i = 0; i < bytes; ++i, raw >>= 8) out[offset + i] = static_cast<char>(raw & 0xff);
}

struct Shown {
  double steps = 0, watts = 0;  // -1: marked as absent
};

Shown shown(const World& world, const Device& d, std::int64_t at_ns) {
  if (d.refused.load() & kShowsZero) return {0, 0};
  Shown out{shown_joules(world, d, at_ns) * 0x1p16, shown_watts(world, d, at_ns)};
  if (d.refused.load() & kNoEnergy) out.steps = -1;
  if (d.refused.load() & kNoPower) out.watts = -1;
  return out;
}

// One attribute of version 1.9: 64 bits of code, then its value.
void append(std::string& out, unsigned id, unsigned type, std::size_t bytes, double value) {
  const std::size_t at = out.size();
  out.resize(at + 8 + bytes);
  put(out, at, 8, static_cast<double>(type << 20 | id << 10 | 1U));
  put(out, at + 8, bytes, value);
}

std::string list_table(const Shown& s, const Device& d) {
  constexpr unsigned kU16 = 2, kU64 = 6;
  std::string out = table(8, 1, 9);
  put(out, 4, 4, 4);
  append(out, 0, kU16, 2, d.temperature_celsius);
  append(out, 3, kU16, 2, std::round(s.watts));
  append(out, 4, kU16, 2, d.utilization_pct);
  append(out, 7, kU64, 8, s.steps);
  put(out, 0, 2, static_cast<double>(out.size()));
  return out;
}

std::string board_table(const Shown& s, const Device& d) {
  std::string out = table(120, 1, 3);
  put(out, 4, 2, d.temperature_celsius - 10);
  put(out, 6, 2, d.temperature_celsius);
  put(out, 16, 2, d.utilization_pct);
  put(out, 22, 2, std::round(s.watts));
  put(out, 24, 8, s.steps);
  put(out, 112, 8, static_cast<double>(d.throttle));
  return out;
}

std::string mi300_table(unsigned content, unsigned size, const Shown& s, const Device& d) {
  std::string out = table(size, 1, content);
  put(out, 4, 2, d.temperature_celsius);
  put(out, 10, 2, std::round(s.watts));
  put(out, 12, 2, d.utilization_pct);
  put(out, 24, 8, s.steps);
  if (content == 4) put(out, 40, 4, static_cast<double>(d.throttle));
  return out;
}

unsigned pci_id(AmdCard kind) {
  switch (kind) {
    case AmdCard::Radeon:
      return 0x73bf;
    case AmdCard::Mi250:
      return 0x740c;
    case AmdCard::Mi300x:
    case AmdCard::Newest:
      return 0x74a1;
    case AmdCard::Mi300xVf:
      return 0x74b5;
    case AmdCard::Apu:
      return 0x1681;
  }
  return 0;
}

}  // namespace

fs::path amd_card_folder(const fs::path& root, int n) {
  return root / fmt::format("sys/class/drm/card{}/device", n);
}

std::string amd_gpu_metrics(AmdCard kind, const World& world, const Device& device, std::int64_t at_ns) {
  const Shown s = shown(world, device, at_ns);
  switch (kind) {
    case AmdCard::Radeon:
    case AmdCard::Mi250:
      return board_table(s, device);
    case AmdCard::Mi300x:
      return mi300_table(8, 3872, s, device);
    case AmdCard::Mi300xVf:
      return mi300_table(4, 288, {-1, s.watts}, device);
    case AmdCard::Newest:
      return list_table(s, device);
    case AmdCard::Apu:
      return table(152, 2, 3);
  }
  return {};
}

void make_amd_card(const fs::path& root, int n, AmdCard kind, const World& world, const Device& device) {
  const fs::path folder = amd_card_folder(root, n), hwmon = folder / "hwmon/hwmon3";
  fs::create_directories(hwmon);
  fs::create_directories(folder / "power");
  write(folder / "vendor", "0x1002\n");
  write(folder / "device", fmt::format("0x{:04x}\n", pci_id(kind)));
  write(folder / "revision", "0x01\n");
  write(folder / "uevent", fmt::format("DRIVER=amdgpu\nPCI_SLOT_NAME={}\n", device.bus));
  if (device.name[0] != 0) write(folder / "product_name", std::string(device.name) + "\n");
  write(folder / "power/runtime_status", "active\n");
  write(hwmon / "name", "amdgpu\n");
  write(hwmon / "power1_cap", fmt::format("{:.0f}\n", device.power_limit_watts * 1e6));
  write(hwmon / "temp1_label", "edge\n");
  if (kind == AmdCard::Apu) write(hwmon / "in1_label", "vddnb\n");
  write_amd_card(root, n, kind, world, device, now_ns(world));
}

void write_amd_card(const fs::path& root, int n, AmdCard kind, const World& world, const Device& device,
                    std::int64_t at_ns) {
  const fs::path folder = amd_card_folder(root, n), hwmon = folder / "hwmon/hwmon3";
  const Shown s = shown(world, device, at_ns);
  write(folder / "gpu_metrics", amd_gpu_metrics(kind, world, device, at_ns));
  write(folder / "gpu_busy_percent", fmt::format("{:.0f}\n", device.utilization_pct));
  write(folder / "mem_info_vram_used", fmt::format("{:.0f}\n", device.memory_used_mb * 1048576));
  write(folder / "mem_info_vram_total", fmt::format("{:.0f}\n", device.memory_total_mb * 1048576));
  write(hwmon / "temp1_input", fmt::format("{:.0f}\n", device.temperature_celsius * 1000));
  const bool instant = kind == AmdCard::Apu && !(device.refused.load() & kNoInstantPower);
  const bool mean =
      (kind == AmdCard::Apu || kind == AmdCard::Radeon) && !(device.refused.load() & kNoAveragePower);
  if (instant && s.watts >= 0) write(hwmon / "power1_input", fmt::format("{:.0f}\n", s.watts * 1e6));
  if (mean && s.watts >= 0) write(hwmon / "power1_average", fmt::format("{:.0f}\n", s.watts * 1e6));
}

}  // namespace ipw::sim
