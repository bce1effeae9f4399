// SPDX-License-Identifier: Apache-2.0
// CPU power from load, by two published models: a guess with an interval, for machines without a counter.
#pragma once
#include <cstdint>
#include <string_view>

namespace ipw::telemetry {

/// The power of all CPUs of this machine as two models see it.
///  - Cloud Carbon Footprint: watts per virtual CPU = min + load (max - min), coefficients by processor
///  family.
///  - Boavizta: watts of a whole processor = a ln(b (load% + c)) + d, scaled here by the share of its
///  hardware threads
///    that this machine has; the thread counts of the reference processors are our assumption.
/// The models differ by tens of percent; the interval is as wide as their largest difference, and never under
/// 30 %.
class CpuPowerModel {
 public:
  CpuPowerModel(std::string_view cpu_brand, std::int64_t logical_cpus);
  /// The mean of the two models in watts; load 0..1.
  double watts(double load) const;
  double cloud_carbon_watts(double load) const;
  double boavizta_watts(double load) const;
  double relative_half_width() const;

 private:
  struct Linear {
    double min, max;
  };
  struct Logarithmic {
    double a, b, c, d, threads;
  };
  static Linear pick_linear(std::string_view brand);
  static Logarithmic pick_logarithmic(std::string_view brand);

  Linear linear_;
  Logarithmic logarithmic_;
  double cpus_;
};

}  // namespace ipw::telemetry
