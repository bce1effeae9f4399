// SPDX-License-Identifier: Apache-2.0
// The files that the amdgpu driver would show of a simulated GPU.
#pragma once
#include <filesystem>
#include <string>

#include "ipw/sim/world.h"

namespace ipw::sim {

/// Kinds of cards, each with the table and the files that it has in truth.
enum class AmdCard {
  Radeon,    ///< gpu_metrics 1.3, power1_average
  Mi250,     ///< gpu_metrics 1.3, one of two dies
  Mi300x,    ///< gpu_metrics 1.8
  Mi300xVf,  ///< gpu_metrics 1.4 of a virtual function: power of the instant, and no energy
  Newest,    ///< gpu_metrics 1.9
  Apu        ///< gpu_metrics 2.3, power1_input of the whole SoC
};

/// The folder of a card, ROOT/sys/class/drm/cardN/device.
std::filesystem::path amd_card_folder(const std::filesystem::path& root, int n);

/// Write what never changes, and the values of an instant. Device::bus is its PCI address, `refused` and
/// faults count as for the libraries.
void make_amd_card(const std::filesystem::path& root, int n, AmdCard kind, const World& world,
                   const Device& device);

/// Write the values of an instant: gpu_metrics, hwmon, memory. Each file gets its content in one write, so
/// that a reader beside it sees a whole one.
void write_amd_card(const std::filesystem::path& root, int n, AmdCard kind, const World& world,
                    const Device& device, std::int64_t at_ns);

/// The table gpu_metrics of an instant.
std::string amd_gpu_metrics(AmdCard kind, const World& world, const Device& device, std::int64_t at_ns);

}  // namespace ipw::sim
