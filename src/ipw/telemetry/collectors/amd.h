// SPDX-License-Identifier: Apache-2.0
// AMD GPUs: the three ways to read them, behind one interface.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/collectors/gpu_metrics.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// What is known of one GPU without reading its sensors.
struct AmdFacts {
  std::string address;      ///< on PCI, "0000:c1:00.0": the one name that all ways agree on
  std::string name;         ///< "AMD Instinct MI250X", or its PCI id
  bool whole_soc = false;   ///< an APU: its power contains the CPU
  bool two_dies = false;    ///< an MI250: the first die counts for both, the second shows 0
  double cap_watts = 1500;  ///< twice its power limit where that is told
};

/// One reading. What is absent is not offered, or marked as absent by the vendor.
struct AmdValues {
  std::optional<double> energy_joules, power_watts;
  bool may_be_32_bit = false;  ///< of the energy
  bool averaged = false;       ///< the power is a mean over a time that nobody tells
  std::string source;          ///< where energy or power come from, "energy_accumulator of gpu_metrics 1.3"
  std::optional<double> temperature_celsius, memory_temperature_celsius;
  std::optional<double> memory_used_mb, memory_total_mb;
  std::optional<double> activity_pct, memory_activity_pct;
  std::optional<double> power_limit_watts, core_clock_mhz, memory_clock_mhz;
  std::optional<unsigned> throttle;  ///< bits of ThrottleReason
  GpuMetrics::Residency residency;
  bool asleep = false;  ///< suspended, and not woken to be read
  std::string reason;   ///< why there is no energy, for the way that should have it
  Cause cause = Cause::Unreadable;
};

/// One way to read AMD GPUs: sysfs or a library. Devices are asked for by PCI address, never by index. One
/// thread at a time.
class AmdWay {
 public:
  virtual ~AmdWay() = default;
  virtual std::string_view name() const = 0;
  /// List the devices that it sees now. Empty with a reason in `problem` when it cannot be used.
  virtual std::vector<AmdFacts> devices(std::string& problem) = 0;
  /// Read energy and power, and the slower values too when `all` is set.
  virtual AmdValues read(const std::string& address, bool all) = 0;
  /// Begin anew after a loss: no handle from before is ever used again.
  virtual void reopen() = 0;
};

std::unique_ptr<AmdWay> make_amd_sysfs(const std::string& root);
std::unique_ptr<AmdWay> make_amd_smi(const std::string& root);
std::unique_ptr<AmdWay> make_rocm_smi(const std::string& root);

/// Of AMD, as the files `vendor` on PCI have it.
constexpr std::string_view kAmdVendor = "0x1002";
/// The number in a file like `device` or `class` ("0x740c"), or nothing.
std::optional<std::uint32_t> amd_id(const std::string& path);
/// Tell whether there is any sign of an AMD GPU: a display controller on PCI, or the compute driver.
bool sign_of_amd_gpu(const std::string& root);
/// The name of a card from its PCI ids: libdrm's table (/usr/share/libdrm/amdgpu.ids), else "AMD GPU 0x740c".
std::string amd_name(const std::string& root, std::uint32_t device, std::uint32_t revision);
/// MI250 and MI250X: two dies, two PCI devices, one power sensor.
bool amd_has_two_dies(std::uint32_t device);
/// "0000:c1:00.0" of the parts of a PCI address.
std::string pci_address(std::uint64_t domain, unsigned bus, unsigned device, unsigned function);

/// Correct the resolution of a library's energy counter: 15.3 is the hard-coded rounding of 15.2587890625
/// microjoules (ROCm issue 1649). Microjoules in, joules out; nothing for a resolution that is none.
std::optional<double> amd_step_joules(double microjoules);

/// What `ipw doctor` says: every card with its cause and remedy.
std::vector<SensorStatus> diagnose_amd(const std::string& root);

}  // namespace ipw::telemetry
