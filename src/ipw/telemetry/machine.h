// SPDX-License-Identifier: Apache-2.0
// Facts about the machine, from /proc and /etc/os-release.
#pragma once
#include <string>

#include "ipw/records/run_folder.h"

namespace ipw::telemetry {

/// Read what is there below the root; what is not stays empty or 0. The hardware label is left to the records
/// layer.
records::MachineInfo read_machine(const std::string& root);
/// Tell whether the processor says that it is a guest of a hypervisor.
bool is_virtual_machine(const std::string& root);

}  // namespace ipw::telemetry
