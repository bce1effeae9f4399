// SPDX-License-Identifier: Apache-2.0
// What is known of AMD GPUs beside their sensors: names, addresses, units.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors/amd.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace fs = std::filesystem;

std::optional<std::uint32_t> amd_id(const std::string& path) {
  const auto text = read_small(path);
  std::uint32_t value = 0;
  if (!text || !text->starts_with("0x")) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data() + 2, text->data() + text->size(), value, 16);
  return error == std::errc{} && end == text->data() + text->size() ? std::optional(value) : std::nullopt;
}

std::string amd_name(const std::string& root, std::uint32_t device, std::uint32_t revision) {
  const std::string id = fmt::format("{:04X}", device), kind = fmt::format("{:02X}", revision);
  std::ifstream table(root + "/usr/share/libdrm/amdgpu.ids");
  for (std::string line; std::getline(table, line);) {  // "740C,\t01,\tAMD Instinct MI250"
    const auto parts = split(line, ',');
    if (parts.size() < 3 || !iequals_ascii(trim(parts[0]), id) || !iequals_ascii(trim(parts[1]), kind))
      continue;
    return std::string(trim(parts[2]));
  }
  return fmt::format("AMD GPU 0x{:04x}", device);
}

bool sign_of_amd_gpu(const std::string& root) {
  std::error_code ignored;
  if (fs::exists(root + "/dev/kfd", ignored) || fs::exists(root + "/sys/class/kfd", ignored)) return true;
  for (const auto& entry : fs::directory_iterator(root + "/sys/bus/pci/devices", ignored)) {
    if (read_small(entry.path() / "vendor").value_or("") != kAmdVendor) continue;
    const auto kind = amd_id(entry.path() / "class").value_or(0) >> 16;
    if (kind == 0x03 || kind == 0x12) return true;  // display controller, processing accelerator
  }
  return false;
}

bool amd_has_two_dies(std::uint32_t device) {
  return device == 0x7408 || device == 0x740c;  // MI250X, MI250
}

std::string pci_address(std::uint64_t domain, unsigned bus, unsigned device, unsigned function) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bus, device, function);
}

std::optional<double> amd_step_joules(double microjoules) {
  if (!(microjoules > 0) || microjoules > 1e6) return std::nullopt;
  constexpr double kNear = 0.05;
  if (std::abs(microjoules * 1e-6 - kAmdEnergyStep) < kNear * 1e-6) return kAmdEnergyStep;
  return microjoules * 1e-6;
}

}  // namespace ipw::telemetry
