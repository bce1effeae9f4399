// SPDX-License-Identifier: Apache-2.0
// Facts about the machine, from /proc and /etc/os-release.
#pragma once
#include <string>
#include <vector>

#include "ipw/records/run_folder.h"

namespace ipw::telemetry {

/// Read what is there below the root; what is not stays empty or 0. The hardware label is left to the records
/// layer.
records::MachineInfo read_machine(const std::string& root);
/// The accelerators of one vendor, as a collector found them.
struct Accelerators {
  std::string vendor, backend;     ///< "NVIDIA", "NVML"
  std::vector<std::string> names;  ///< of the measured devices
  std::string driver;              ///< version; may be empty
};
/// Add them to what is known of the machine, named as the original names them: "NVIDIA H200 x8", or "NVIDIA
/// (3 GPUs)" where they differ. The first vendor that is added keeps its place.
void add_accelerators(const Accelerators& found, records::MachineInfo& machine);
/// Tell whether the processor says that it is a guest of a hypervisor.
bool is_virtual_machine(const std::string& root);

}  // namespace ipw::telemetry
