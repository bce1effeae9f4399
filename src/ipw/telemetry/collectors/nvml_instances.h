// SPDX-License-Identifier: Apache-2.0
// Instances of a partitioned GPU (MIG). The board has one meter: their energies are modelled shares of it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/telemetry/collectors/nvml_library.h"

namespace ipw::telemetry::nvml {

/// Share the energy of a device among its instances so that instances + idle = device, to the last bit that a
/// sum of doubles holds (goal E11). With activity: the energy above idle in proportion to slices times
/// activity; idle is the lowest power seen while no instance was active. Without: by slices, and slices that
/// are in no instance are idle.
class InstanceSplit {
 public:
  /// `shares` of the device's slices, 0 to 1, together at most 1.
  explicit InstanceSplit(std::vector<double> shares);
  /// The device has used `joules` in `seconds`; `activity` per instance, 0 to 1, or none.
  void add(double joules, double seconds, std::span<const double> activity);
  double joules(std::size_t instance) const { return joules_[instance]; }
  double idle_joules() const { return idle_joules_; }

  /// The 95 % half-width of a share, relative to it. With activity: an active slice may draw half or twice
  /// what the mean slice draws. Without: the instance may have drawn nothing or everything.
  static double half_width(double share, bool activity);

 private:
  void add_by_size(double joules);
  std::vector<double> shares_, joules_;
  double idle_joules_ = 0;
  std::optional<double> idle_watts_;
};

/// One instance, as the driver lists it.
struct Instance {
  Device handle = nullptr;
  std::string uuid;
  unsigned number = 0;  ///< of the GPU instance
  double share = 0;     ///< of the slices
};
/// List the instances of a GPU; empty when it is not partitioned.
std::vector<Instance> list_instances(const Functions& call, Device gpu);

/// How busy each instance has been since the read before, from the library's own counters (Hopper and later).
class InstanceActivity {
 public:
  /// `call` must outlive this.
  explicit InstanceActivity(const Functions& call) : call_(call) {}
  ~InstanceActivity();
  InstanceActivity(const InstanceActivity&) = delete;
  InstanceActivity& operator=(const InstanceActivity&) = delete;
  /// 0 to 1 for each, or nothing where the device does not tell or this is the first read.
  std::vector<double> read(Device gpu, const std::vector<Instance>& instances);
  /// Whether the device tells at all, by the reads so far.
  bool offered() const { return offered_; }

 private:
  bool make(std::size_t count);
  std::optional<double> activity(std::size_t i) const;

  const Functions& call_;
  std::vector<ActivitySample> before_, now_;
  bool offered_ = false, primed_ = false;
};

}  // namespace ipw::telemetry::nvml
