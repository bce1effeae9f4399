// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/truth.h"

#include <fmt/format.h>

#include <memory>

#include "ipw/base/error.h"

namespace ipw::sim {

namespace {

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  to[n] = 0;
}

}  // namespace

std::unique_ptr<MappedWorld> make_world(const std::filesystem::path& root, std::int64_t epoch_ns) {
  std::error_code failure;
  std::filesystem::create_directories(root, failure);
  auto world = std::make_unique<MappedWorld>(world_file(root.string()), true);
  if (!*world) {
    throw Error(ErrorCode::Unavailable, fmt::format("cannot make a simulated machine in {}", root.string()),
                "name a folder that can be written");
  }
  (*world)->epoch_ns = epoch_ns;
  return world;
}

Device& add_device(World& world, std::string_view vendor, std::string_view name,
                   const std::vector<Piece>& signal) {
  const std::uint32_t n = world.devices.load();
  if (n == World::kDevices || signal.size() > Device::kPieces) {
    throw Error(ErrorCode::Usage, fmt::format("a simulated machine has at most {} devices, each of {} pieces",
                                              World::kDevices, Device::kPieces));
  }
  Device& device = world.device[n];
  copy_text(device.vendor, vendor);
  copy_text(device.name, name);
  copy_text(device.uuid, fmt::format("{}-{:08x}", vendor, n));
  device.pieces = static_cast<std::uint32_t>(signal.size());
  std::copy(signal.begin(), signal.end(), device.piece);
  world.devices.store(n + 1);
  return device;
}

}  // namespace ipw::sim
