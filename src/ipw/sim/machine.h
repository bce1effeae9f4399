// SPDX-License-Identifier: Apache-2.0
// A whole simulated machine: its devices, the files by which the kernel would show them, and the stub
// libraries of their vendors.
#pragma once
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/sim/amd_files.h"
#include "ipw/sim/load.h"
#include "ipw/sim/truth.h"

namespace ipw::sim {

/// What the AMD card of a machine is like.
constexpr AmdCard kSimulatedCard = AmdCard::Mi300x;

struct MachineOptions {
  std::filesystem::path root;
  std::vector<std::string> accelerators = {"nvidia", "amd"};
  int sockets = 2;
  double prefill_joules = 0.15;  ///< of the first accelerator, per prompt token
  double decode_joules = 0.6;    ///< per token after the first
  std::filesystem::path stubs;   ///< folder with the stub libraries of the vendors; may be absent
  std::int64_t epoch_ns = 0;
};

struct Machine {
  std::filesystem::path root;
  std::unique_ptr<MappedWorld> world;
  std::vector<std::string> names;  ///< by device: "nvidia-0", "package-0", "package-0/dram"
  std::vector<TokenCost> costs;
  std::vector<std::string> notes;                        ///< what is missing, for people
  std::array<FaultPlan, Device::kFaults> wall_faults{};  ///< of the meters at its outlet

  /// Index of a device, or nothing.
  std::optional<std::size_t> find(std::string_view name) const;
};

/// Make a machine in a folder: world, files and libraries. Throws Error(Usage) for an unknown vendor or too
/// many devices, Error(Unavailable) when the folder cannot be written.
Machine make_machine(const MachineOptions& options);

}  // namespace ipw::sim
