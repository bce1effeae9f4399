// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/gpu_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kPage = 4096;  // a file of sysfs gives one byte less than this at most

// Byte offsets in one version of the table; 0 where it lacks the field. All powers and activities are 16 bit
// where nothing else is said.
struct Layout {
  std::uint8_t format, content;
  std::uint16_t size;
  std::uint16_t energy = 0, energy_bytes = 8;
  std::uint16_t average_power = 0, current_power = 0;
  std::uint16_t power_bytes = 2;
  double watts_per_unit = 1;
  std::uint16_t edge = 0, hotspot = 0, memory_temperature = 0;
  std::uint16_t activity = 0, memory_activity = 0;
  std::uint16_t core_clock = 0, average_core_clock = 0, memory_clock = 0;
  std::uint16_t throttle = 0, independent_throttle = 0;  // MI300's own bits; the driver's common bits
  std::uint16_t residency = 0;                           // prochot, power, socket, regulator, memory
};

// The power of an APU is in W or mW, and its temperature in degrees or hundredths, as the firmware likes, up
// to version 2.3: those values are taken from hwmon.
constexpr std::array<Layout, 16> kLayouts{{
    {.format = 1,
     .content = 0,
     .size = 80,
     .energy = 36,
     .energy_bytes = 4,
     .average_power = 34,
     .edge = 16,
     .hotspot = 18,
     .memory_temperature = 20,
     .activity = 28,
     .memory_activity = 30,
     .core_clock = 54,
     .average_core_clock = 40,
     .memory_clock = 58},
    {.format = 1,
     .content = 1,
     .size = 96,
     .energy = 24,
     .average_power = 22,
     .edge = 4,
     .hotspot = 6,
     .memory_temperature = 8,
     .activity = 16,
     .memory_activity = 18,
     .core_clock = 54,
     .average_core_clock = 40,
     .memory_clock = 58},
    {.format = 1,
     .content = 2,
     .size = 104,
     .energy = 24,
     .average_power = 22,
     .edge = 4,
     .hotspot = 6,
     .memory_temperature = 8,
     .activity = 16,
     .memory_activity = 18,
     .core_clock = 54,
     .average_core_clock = 40,
     .memory_clock = 58},
    {.format = 1,
     .content = 3,
     .size = 120,
     .energy = 24,
     .average_power = 22,
     .edge = 4,
     .hotspot = 6,
     .memory_temperature = 8,
     .activity = 16,
     .memory_activity = 18,
     .core_clock = 54,
     .average_core_clock = 40,
     .memory_clock = 58,
     .independent_throttle = 112},
    {.format = 1,
     .content = 4,
     .size = 288,
     .energy = 24,
     .current_power = 10,
     .hotspot = 4,
     .memory_temperature = 6,
     .activity = 12,
     .memory_activity = 14,
     .core_clock = 240,
     .memory_clock = 280,
     .throttle = 40},
    {.format = 1,
     .content = 5,
     .size = 360,
     .energy = 88,
     .current_power = 10,
     .hotspot = 4,
     .memory_temperature = 6,
     .activity = 12,
     .memory_activity = 14,
     .core_clock = 312,
     .memory_clock = 352,
     .throttle = 104},
    // Version 1.6 as it was before it went into a release of Linux, and as it is.
    {.format = 1,
     .content = 6,
     .size = 384,
     .energy = 88,
     .current_power = 10,
     .hotspot = 4,
     .memory_temperature = 6,
     .activity = 12,
     .memory_activity = 14,
     .core_clock = 336,
     .memory_clock = 376,
     .throttle = 128,
     .residency = 108},
    {.format = 1,
     .content = 6,
     .size = 1664,
     .energy = 16,
     .current_power = 10,
     .hotspot = 4,
     .memory_temperature = 6,
     .activity = 12,
     .memory_activity = 14,
     .core_clock = 264,
     .memory_clock = 304,
     .residency = 36},
    {.format = 1,
     .content = 7,
     .size = 2208,
     .energy = 24,
     .current_power = 10,
     .hotspot = 4,
     .memory_temperature = 6,
     .activity = 12,
     .memory_activity = 14,
     .core_clock = 296,
     .memory_clock = 336,
     .residency = 44},
    {.format = 1,
     .content = 8,
     .size = 3872,
     .energy = 24,
     .current_power = 10,
     .hotspot = 4,
     .memory_temperature = 6,
     .activity = 12,
     .memory_activity = 14,
     .core_clock = 296,
     .memory_clock = 336,
     .residency = 44},
    {.format = 2, .content = 0, .size = 120, .core_clock = 80, .average_core_clock = 68, .memory_clock = 84},
    {.format = 2, .content = 1, .size = 120, .core_clock = 76, .average_core_clock = 64, .memory_clock = 80},
    {.format = 2,
     .content = 2,
     .size = 128,
     .core_clock = 76,
     .average_core_clock = 64,
     .memory_clock = 80,
     .independent_throttle = 120},
    {.format = 2,
     .content = 3,
     .size = 152,
     .core_clock = 76,
     .average_core_clock = 64,
     .memory_clock = 80,
     .independent_throttle = 120},
    {.format = 2,
     .content = 4,
     .size = 168,
     .average_power = 40,
     .watts_per_unit = 1e-3,
     .core_clock = 76,
     .average_core_clock = 64,
     .memory_clock = 80,
     .independent_throttle = 120},
    {.format = 3,
     .content = 0,
     .size = 264,
     .average_power = 120,
     .power_bytes = 4,
     .watts_per_unit = 1e-3,
     .activity = 42,
     .average_core_clock = 174,
     .memory_clock = 186},
}};

// An unsigned little-endian number; absent when the table ends before it or all its bits are set.
std::optional<std::uint64_t> number(std::string_view table, std::size_t offset, std::size_t bytes) {
  if (offset == 0 || offset + bytes > table.size()) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(table[offset + i]);
  const std::uint64_t absent = bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * bytes) - 1;
  return value == absent ? std::nullopt : std::optional(value);
}

std::optional<double> scaled(std::optional<std::uint64_t> value, double unit) {
  return value ? std::optional(static_cast<double>(*value) * unit) : std::nullopt;
}

std::optional<double> word(std::string_view table, std::size_t offset) {
  return scaled(number(table, offset, 2), 1);
}

std::optional<std::uint32_t> counter32(std::string_view table, std::size_t offset) {
  const auto value = number(table, offset, 4);
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

bool any_bit(std::uint64_t bits, unsigned first, unsigned last) {
  return (bits >> first & ((std::uint64_t{1} << (last - first + 1)) - 1)) != 0;
}

// amdgpu_smu.h: 0-7 power, 16-23 current, 32-43 temperature, from 44 on signals of regulators and processors.
unsigned independent_throttle(std::uint64_t bits) {
  unsigned out = 0;
  if (any_bit(bits, 0, 7) || any_bit(bits, 16, 23)) out |= kThrottlePowerCap;
  if (any_bit(bits, 32, 43)) out |= kThrottleThermal;
  if (any_bit(bits, 44, 62)) out |= kThrottleHardware;
  return out;
}

// smu_v13_0_6: processor hot, power, then temperature of socket, regulator and memory.
unsigned mi300_throttle(std::uint64_t bits) {
  unsigned out = 0;
  if (any_bit(bits, 0, 0)) out |= kThrottleHardware;
  if (any_bit(bits, 1, 1)) out |= kThrottlePowerCap;
  if (any_bit(bits, 2, 4)) out |= kThrottleThermal;
  return out;
}

GpuMetrics::Residency read_residency(std::string_view table, std::size_t offset) {
  GpuMetrics::Residency out;
  if (offset == 0) return out;
  out.hardware = counter32(table, offset);
  out.power = counter32(table, offset + 4);
  for (std::size_t i = 0; i < out.thermal.size(); ++i) out.thermal[i] = counter32(table, offset + 8 + 4 * i);
  return out;
}

GpuMetrics read_fixed(const Layout& at, std::string_view table) {
  GpuMetrics out{.format = at.format, .content = at.content};
  const auto energy = number(table, at.energy, at.energy_bytes);
  out.energy_joules = scaled(energy, kAmdEnergyStep);
  out.may_be_32_bit = at.content <= 3 && energy.value_or(0) <= std::numeric_limits<std::uint32_t>::max();
  out.average_watts = scaled(number(table, at.average_power, at.power_bytes), at.watts_per_unit);
  out.current_watts = scaled(number(table, at.current_power, at.power_bytes), at.watts_per_unit);
  out.temperature_celsius = word(table, at.hotspot);
  if (!out.temperature_celsius) out.temperature_celsius = word(table, at.edge);
  out.memory_temperature_celsius = word(table, at.memory_temperature);
  out.activity_pct = word(table, at.activity);
  out.memory_activity_pct = word(table, at.memory_activity);
  out.core_clock_mhz = word(table, at.core_clock);
  if (!out.core_clock_mhz) out.core_clock_mhz = word(table, at.average_core_clock);
  out.memory_clock_mhz = word(table, at.memory_clock);
  if (const auto bits = number(table, at.independent_throttle, 8))
    out.throttle |= independent_throttle(*bits);
  if (const auto bits = number(table, at.throttle, 4)) out.throttle |= mi300_throttle(*bits);
  out.residency = read_residency(table, at.residency);
  return out;
}

// Version 1.9 is a list: a count, then for each attribute 64 bits that tell number of values (bits 0-9), id
// (10-19), type (20-23) and unit (24-31), and the values themselves, all without padding.
struct Attribute {
  unsigned id = 0;
  std::size_t offset = 0, bytes = 0;
};

std::optional<Attribute> next_attribute(std::string_view table, std::size_t& offset) {
  constexpr std::array<std::uint8_t, 8> kBytes{1, 1, 2, 2, 4, 4, 8, 8};  // u8 s8 u16 s16 u32 s32 u64 s64
  const auto code = number(table, offset, 8);
  if (!code) return std::nullopt;
  const std::size_t type = *code >> 20 & 0xf, values = *code & 0x3ff;
  if (type >= kBytes.size() || values == 0) return std::nullopt;
  const Attribute out{static_cast<unsigned>(*code >> 10 & 0x3ff), offset + 8, kBytes[type]};
  offset += 8 + values * out.bytes;
  return offset <= table.size() ? std::optional(out) : std::nullopt;
}

void take_attribute(std::string_view table, const Attribute& a, GpuMetrics& out) {
  const auto raw = number(table, a.offset, a.bytes);
  const auto value = scaled(raw, 1);
  const auto count = raw ? std::optional(static_cast<std::uint32_t>(*raw)) : std::nullopt;
  switch (a.id) {  // enum amdgpu_metrics_attr_id
    case 0:
      out.temperature_celsius = value;
      break;
    case 1:
      out.memory_temperature_celsius = value;
      break;
    case 3:
      out.current_watts = value;
      break;
    case 4:
      out.activity_pct = value;
      break;
    case 5:
      out.memory_activity_pct = value;
      break;
    case 7:
      out.energy_joules = scaled(raw, kAmdEnergyStep);
      break;
    case 10:
      out.residency.hardware = count;
      break;
    case 11:
      out.residency.power = count;
      break;
    case 12:
    case 13:
    case 14:
      out.residency.thermal[a.id - 12] = count;
      break;
    case 33:
      out.core_clock_mhz = value;
      break;
    case 37:
      out.memory_clock_mhz = value;
      break;
    default:
      break;
  }
}

Result<GpuMetrics, std::string> read_list(std::string_view table) {
  GpuMetrics out{.format = 1, .content = 9};
  const auto count = number(table, kHeader, 4);
  std::size_t offset = kHeader + 4;
  const bool cut = table.size() == kPage - 1;  // the driver gives no more than a page: the rest is lost
  for (std::uint64_t i = 0; i < count.value_or(0); ++i) {
    const auto attribute = next_attribute(table, offset);
    if (!attribute && cut) break;
    if (!attribute)
      return Unexpected<std::string>(
          fmt::format("gpu_metrics 1.9: attribute {} of {} is not whole", i + 1, *count));
    take_attribute(table, *attribute, out);
  }
  return out;
}

bool grew(std::optional<std::uint32_t> before, std::optional<std::uint32_t> after) {
  return before && after && *before != *after;
}

}  // namespace

Result<GpuMetrics, std::string> parse_gpu_metrics(std::string_view table) {
  if (table.size() < kHeader)
    return Unexpected<std::string>(fmt::format("gpu_metrics has {} bytes: no header", table.size()));
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(table[i]));
  };
  const unsigned size = byte(0) | byte(1) << 8, format = byte(2), content = byte(3);
  const bool cut = size >= kPage && table.size() == kPage - 1;
  if (table.size() != size && !cut)
    return Unexpected<std::string>(fmt::format("gpu_metrics {}.{} tells a size of {} bytes and has {}",
                                               format, content, size, table.size()));
  if (format == 1 && content == 9) return read_list(table);
  bool known = false;
  for (const Layout& layout : kLayouts) {
    if (layout.format != format || layout.content != content) continue;
    if (layout.size == size) return read_fixed(layout, table);
    known = true;
  }
  if (known)
    return Unexpected<std::string>(fmt::format(
        "gpu_metrics {}.{} has {} bytes, a size that is not known for it", format, content, size));
  return Unexpected<std::string>(
      fmt::format("gpu_metrics has version {}.{}, which this build does not know", format, content));
}

unsigned throttled_between(const GpuMetrics::Residency& before, const GpuMetrics::Residency& after) {
  unsigned out = 0;
  if (grew(before.hardware, after.hardware)) out |= kThrottleHardware;
  if (grew(before.power, after.power)) out |= kThrottlePowerCap;
  for (std::size_t i = 0; i < before.thermal.size(); ++i)
    if (grew(before.thermal[i], after.thermal[i])) out |= kThrottleThermal;
  return out;
}

}  // namespace ipw::telemetry
