// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/cpu_model.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ipw::telemetry {

namespace {

template <class Value>
struct Row {
  std::string_view vendor, family;  ///< both must occur in the brand
  Value value;
};

template <class Value, std::size_t N>
Value pick(const std::array<Row<Value>, N>& rows, std::string_view brand, Value fallback) {
  const auto has = [brand](std::string_view part) { return brand.find(part) != std::string_view::npos; };
  for (const auto& row : rows) {
    if (has(row.vendor) && has(row.family)) return row.value;
  }
  return fallback;
}

// "AMD EPYC 7742 ..." has the generation in its last digit.
char epyc_generation(std::string_view brand) {
  const auto at = brand.find("EPYC 7");
  return at == std::string_view::npos || at + 8 >= brand.size() ? '?' : brand[at + 8];
}

}  // namespace

CpuPowerModel::CpuPowerModel(std::string_view cpu_brand, std::int64_t logical_cpus)
    : linear_(pick_linear(cpu_brand)),
      logarithmic_(pick_logarithmic(cpu_brand)),
      cpus_(static_cast<double>(std::max<std::int64_t>(logical_cpus, 1))) {}

CpuPowerModel::Linear CpuPowerModel::pick_linear(std::string_view brand) {
  static constexpr Linear kAverage{0.74, 3.5};
  // Virtual machines often tell the generation alone: "Intel Xeon Processor (Cascadelake)".
  static constexpr std::array<Row<Linear>, 9> kRows{{{"Xeon", "Platinum 82", {0.64, 3.97}},
                                                     {"Xeon", "Gold 62", {0.64, 3.97}},
                                                     {"Xeon", "Cascadelake", {0.64, 3.97}},
                                                     {"Xeon", "Skylake", {0.65, 4.26}},
                                                     {"Xeon", "Broadwell", {0.71, 3.69}},
                                                     {"Xeon", "Platinum 81", {0.65, 4.26}},
                                                     {"Xeon", "Gold 61", {0.65, 4.26}},
                                                     {"Xeon", "v4", {0.71, 3.69}},
                                                     {"Neoverse", "N1", {0.47, 1.69}}}};
  const char generation = epyc_generation(brand);
  if (generation == '1') return {0.82, 2.55};
  if (generation == '2') return {0.47, 1.69};
  return pick(kRows, brand, kAverage);
}

CpuPowerModel::Logarithmic CpuPowerModel::pick_logarithmic(std::string_view brand) {
  static constexpr Logarithmic kGold{35.57, 0.2438, 9.67, -0.609, 40};
  static constexpr std::array<Row<Logarithmic>, 4> kRows{
      {{"Xeon", "Platinum", {171.18, 0.0354, 36.90, -10.13, 48}},
       {"Xeon", "Gold", kGold},
       {"Xeon", "Silver", {20.78, 0.3043, 8.42, 0.861, 20}},
       {"Xeon", "E5", {48.92, 0.1349, 15.73, -4.65, 36}}}};
  return pick(kRows, brand, kGold);
}

double CpuPowerModel::cloud_carbon_watts(double load) const {
  return cpus_ * (linear_.min + load * (linear_.max - linear_.min));
}

double CpuPowerModel::boavizta_watts(double load) const {
  const auto& m = logarithmic_;
  return cpus_ / m.threads * (m.a * std::log(m.b * (100 * load + m.c)) + m.d);
}

double CpuPowerModel::watts(double load) const {
  return (cloud_carbon_watts(load) + boavizta_watts(load)) / 2;
}

double CpuPowerModel::relative_half_width() const {
  double widest = 0.3;
  for (int percent = 0; percent <= 100; percent += 5) {
    const double load = percent / 100.0;
    widest = std::max(widest, std::abs(cloud_carbon_watts(load) - boavizta_watts(load)) / watts(load));
  }
  return widest;
}

}  // namespace ipw::telemetry
