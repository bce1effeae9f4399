// SPDX-License-Identifier: Apache-2.0
// The table that the amdgpu driver gives in its file gpu_metrics: all sensors of one GPU at one instant.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/base/result.h"

namespace ipw::telemetry {

/// Of energy_accumulator, in joules: 2^-16 (15.2587890625 uJ, written as 15.259 in the driver's header).
constexpr double kAmdEnergyStep = 0x1p-16;

/// What one table says. A field that the table lacks, or marks as absent (all bits set), is absent.
struct GpuMetrics {
  unsigned format = 0, content = 0;  ///< version: 1.x are boards, 2.x and 3.x are APUs
  std::optional<double> energy_joules;
  /// The firmware of boards with tables up to 1.3 may count in 32 bits; the value does not tell otherwise.
  bool may_be_32_bit = false;
  std::optional<double> current_watts, average_watts;  ///< of the socket; of an APU: the whole SoC
  std::optional<double> temperature_celsius;  ///< of the hottest spot where it is told, else of the edge
  std::optional<double> memory_temperature_celsius;
  std::optional<double> activity_pct, memory_activity_pct;
  std::optional<double> core_clock_mhz, memory_clock_mhz;
  unsigned throttle = 0;  ///< bits of ThrottleReason that hold at this instant
  /// How long it has been throttled in all, by reason; what counts is whether they grow.
  struct Residency {
    std::optional<std::uint32_t> hardware, power;
    std::array<std::optional<std::uint32_t>, 3> thermal;
  };
  Residency residency;
};

/// Parse a table of version 1.0 to 1.9, 2.0 to 2.4 or 3.0. Any other version, and a size that is not the one
/// of its version, is refused with a reason that names both. Layouts: Linux,
/// drivers/gpu/drm/amd/include/kgd_pp_interface.h. Pure.
Result<GpuMetrics, std::string> parse_gpu_metrics(std::string_view table);

/// The bits of ThrottleReason whose residencies grew from one table to a later one.
unsigned throttled_between(const GpuMetrics::Residency& before, const GpuMetrics::Residency& after);

}  // namespace ipw::telemetry
