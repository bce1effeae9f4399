// SPDX-License-Identifier: Apache-2.0
// The GPUs that the driver lists, and those that are on the bus.
#pragma once
#include <string>
#include <vector>

#include "ipw/telemetry/collectors/nvml_library.h"
#include "ipw/telemetry/visible_devices.h"

namespace ipw::telemetry::nvml {

struct Listed {
  DeviceIdentity identity;  ///< the index alone where the status is not kOk
  Device handle = nullptr;
  int status = kOk;
};
/// List the GPUs of an initialised library; the status of the call that failed where nothing can be listed.
Result<std::vector<Listed>, int> list_gpus(const Nvml& nvml);

/// The identities of those that answer.
std::vector<DeviceIdentity> identities(const std::vector<Listed>& listed);

/// PCI addresses of NVIDIA's display and compute devices, from sysfs; needs no driver.
std::vector<std::string> gpus_on_bus(const std::string& root);

/// How many GPUs the loaded driver has, from its files; nothing where it has none. Changes when one is
/// plugged in or out.
std::optional<std::size_t> gpus_of_driver(const std::string& root);

}  // namespace ipw::telemetry::nvml
