// SPDX-License-Identifier: Apache-2.0
// The kinds of places where a task's commands can run.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "ipw/base/registry.h"
#include "ipw/sandbox/workplace.h"

namespace ipw::sandbox {

struct PlaceLimits {
  double cpus = 0;                                      ///< of a container; 0: no limit
  std::uint64_t memory_bytes = std::uint64_t{4} << 30;  ///< bubblewrap: of each process; container: of all
  std::uint64_t disk_bytes = std::uint64_t{4} << 30;    ///< bubblewrap: of a file, and of /tmp in memory
  int processes = 512;                                  ///< threads count as well
};

struct PlaceOptions {
  std::filesystem::path folder;  ///< of this machine: the working folder; it stays when the place goes
  std::string image;             ///< of a container
  std::string engine;            ///< endpoint of the container engine; empty: the one that is found
  bool network = false;          ///< whether commands reach more than what listen() gives them
  PlaceLimits limits;
  std::stop_token stop;  ///< ends the getting of an image
};

/// make() throws Error(Usage | Unavailable | NotFound) with what to do where such a place cannot be made.
using WorkplaceEntry = Entry<Workplace, const PlaceOptions&>;
/// The registry: workplaces.cpp.
std::span<const WorkplaceEntry> workplaces();

std::unique_ptr<Workplace> make_host_workplace(const PlaceOptions& options);
std::unique_ptr<Workplace> make_bubblewrap_workplace(const PlaceOptions& options);
std::unique_ptr<Workplace> make_container_workplace(const PlaceOptions& options);

}  // namespace ipw::sandbox
