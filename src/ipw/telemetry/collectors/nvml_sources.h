// SPDX-License-Identifier: Apache-2.0
// Where energy and power of one NVIDIA GPU come from, and what they cover.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "ipw/telemetry/collectors/nvml_library.h"

namespace ipw::telemetry::nvml {

/// The number in a field, where it is one: a status of its own, NaN, infinite and all ones are none.
std::optional<double> number_of(const FieldValue& value);

/// A 64-bit counter of millijoules in joules. Nothing for 0 (a virtual GPU that does not count) and for all
/// ones.
std::optional<double> counter_joules(std::uint64_t millijoules);
/// A number of milliwatts in watts. Nothing for 0 (a GPU that runs draws power) and for all ones.
std::optional<double> sensor_watts(std::uint32_t milliwatts);

/// One quantity: a function of the library, or a field with its scope.
struct Origin {
  enum class Kind { None, Call, Field } kind = Kind::None;
  std::uint32_t field = 0, scope = 0;
  explicit operator bool() const { return kind != Kind::None; }
};

struct Sources {
  Scope scope = Scope::Accelerator;
  Origin energy;                          ///< cumulative; without it power is integrated
  Origin power;                           ///< the best there is
  bool power_is_average = false;          ///< over a second
  Origin module_energy, module_power;     ///< of the module around the GPU, where that is told apart
  bool average = false, samples = false;  ///< what there is for comparison
  double update_seconds = 0;     ///< T of the instant power, by architecture; 0 where it is not known
  double averaging_seconds = 0;  ///< W of `power`
  std::string note;              ///< why it is so, for people

  bool module() const { return module_energy || module_power; }
};

/// Ask the device what it offers, once. Where there is a module (GPU and CPU in one), the scopes are
/// compared: a GPU scope that is refused or shows what the module shows is labelled module (goal E10).
Sources find_sources(const Functions& call, Device device, const std::string& name);

}  // namespace ipw::telemetry::nvml
