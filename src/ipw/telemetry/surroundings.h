// SPDX-License-Identifier: Apache-2.0
// Where this machine runs, as far as it decides what can be measured: containers, guests, old kernels.
#pragma once
#include <string>

namespace ipw::telemetry {

enum class CpuVendor { Unknown, Intel, Amd, Arm };

/// Found out below a root from /proc, /run and /etc.
struct Surroundings {
  bool virtual_machine = false;
  bool wsl = false;  ///< Windows Subsystem for Linux
  bool container = false;
  bool read_only_sys = false;
  bool has_proc = true;
  CpuVendor cpu = CpuVendor::Unknown;
  int cpu_family = 0;
  std::string kernel;  ///< "6.1.0-18-amd64"
  /// Compare with a release of the kernel; an unknown one counts as new.
  bool kernel_before(int major, int minor) const;
};
Surroundings read_surroundings(const std::string& root);

}  // namespace ipw::telemetry
