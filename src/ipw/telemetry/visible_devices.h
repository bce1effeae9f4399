// SPDX-License-Identifier: Apache-2.0
// Which accelerators are meant: CUDA_VISIBLE_DEVICES, or the argument of a collector.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::telemetry {

/// A device as the vendor's library lists it.
struct DeviceIdentity {
  unsigned index = 0;
  std::string uuid, bus, name;
  std::vector<std::string> instances;  ///< ids of its hardware partitions (MIG)
};

/// A choice of devices. `all` chooses every one; else those that an id of the list fits.
struct DeviceChoice {
  bool all = true;
  std::vector<std::string> ids;
};

/// Parse a value of CUDA_VISIBLE_DEVICES: absent or "all" is all; empty, "none", "void", "NoDevFiles" and
/// "-1" are none; else a list of indices, ids ("GPU-...", which may be cut short) and ids of partitions
/// ("MIG-...").
DeviceChoice parse_visible_devices(const std::optional<std::string>& value);

/// Tell whether an id of a choice means this device: its index, its id, the begin of it, its PCI address or
/// one of its partitions.
bool fits(std::string_view id, const DeviceIdentity& device);

/// Tell which of the devices are chosen, in the order of the devices. As CUDA does, the ids after the first
/// that fits nothing are not looked at; that id is put into `unknown`.
std::vector<bool> choose(const DeviceChoice& choice, const std::vector<DeviceIdentity>& devices,
                         std::string& unknown);

/// "0 (GPU-1a2b, NVIDIA H100), 1 (...)", for an error that says what there is.
std::string list_devices(const std::vector<DeviceIdentity>& devices);

}  // namespace ipw::telemetry
