// SPDX-License-Identifier: Apache-2.0
// Simulated machines for tests and for ipw-sim.
#pragma once
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "ipw/sim/world.h"

namespace ipw::sim {

/// Make the root of a simulated machine: a new world in an empty folder. Throws Error(Unavailable) when it
/// cannot be made. The signals begin at `epoch_ns` of CLOCK_MONOTONIC.
std::unique_ptr<MappedWorld> make_world(const std::filesystem::path& root, std::int64_t epoch_ns);

/// Add a device with a standing signal. Throws Error(Usage) when there is no room. Not thread-safe.
Device& add_device(World& world, std::string_view vendor, std::string_view name,
                   const std::vector<Piece>& signal);

}  // namespace ipw::sim
