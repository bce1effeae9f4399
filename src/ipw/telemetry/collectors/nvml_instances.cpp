// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/nvml_instances.h"

#include <algorithm>
#include <cmath>

namespace ipw::telemetry::nvml {

namespace {
// Below this an instance counts as idle.
constexpr double kIdleActivity = 0.005;
// With what factor the power of two equally active slices may differ.
constexpr double kSliceSpread = 2;
// Slices of the boards that do not say how many they have.
constexpr unsigned kSlices = 7;
}  // namespace

InstanceSplit::InstanceSplit(std::vector<double> shares)
    : shares_(std::move(shares)), joules_(shares_.size(), 0) {}

double InstanceSplit::half_width(double share, bool activity) {
  if (activity) return kSliceSpread - 1;
  return share > 0 ? std::max(1.0, (1 - share) / share) : 1;
}

void InstanceSplit::add_by_size(double joules) {
  double left = joules;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    joules_[i] += joules * shares_[i];
    left -= joules * shares_[i];
  }
  idle_joules_ += left;
}

void InstanceSplit::add(double joules, double seconds, std::span<const double> activity) {
  if (activity.size() != shares_.size()) return add_by_size(joules);
  double weight = 0;
  for (std::size_t i = 0; i < shares_.size(); ++i) weight += shares_[i] * activity[i];
  const bool idle = std::ranges::all_of(activity, [](double a) { return a < kIdleActivity; });
  if (idle && joules > 0 && seconds > 0) idle_watts_ = std::min(idle_watts_.value_or(1e9), joules / seconds);
  if (idle || weight <= 0) {
    idle_joules_ += joules;
    return;
  }
  const double still = std::min(joules, idle_watts_.value_or(0) * seconds);
  for (std::size_t i = 0; i < shares_.size(); ++i)
    joules_[i] += (joules - still) * shares_[i] * activity[i] / weight;
  idle_joules_ += still;
}

std::vector<Instance> list_instances(const Functions& call, Device gpu) {
  unsigned current = 0, pending = 0, count = 0;
  if (!call.mig_mode || !call.max_instances || !call.instance) return {};
  if (call.mig_mode(gpu, &current, &pending) != kOk || current == 0) return {};
  if (call.max_instances(gpu, &count) != kOk) return {};
  std::vector<Instance> out;
  for (unsigned i = 0; i < count; ++i) {
    Instance instance;
    if (call.instance(gpu, i, &instance.handle) != kOk) continue;
    instance.uuid = text_of(call.uuid, instance.handle);
    if (call.instance_id) call.instance_id(instance.handle, &instance.number);
    Attributes attributes;
    if (call.attributes && call.attributes(instance.handle, &attributes) == kOk) {
      const auto slices = attributes.compute_instance_slices;
      instance.share = std::min(1.0, static_cast<double>(slices) / (count > 0 ? count : kSlices));
    }
    out.push_back(std::move(instance));
  }
  // Without sizes they count alike.
  const bool sized = std::ranges::all_of(out, [](const Instance& i) { return i.share > 0; });
  for (Instance& instance : out)
    if (!sized) instance.share = 1.0 / static_cast<double>(std::max<std::size_t>(out.size(), count));
  return out;
}

InstanceActivity::~InstanceActivity() {
  for (auto* samples : {&before_, &now_})
    for (const ActivitySample sample : *samples)
      if (sample) call_.activity_free(sample);
}

bool InstanceActivity::make(std::size_t count) {
  if (!call_.activity_alloc || !call_.activity_free || !call_.activity_sample || !call_.activity_metrics)
    return false;
  for (auto* samples : {&before_, &now_}) {
    while (samples->size() < count) {
      ActivitySample sample = nullptr;
      if (call_.activity_alloc(&sample) != kOk) return false;
      samples->push_back(sample);
    }
  }
  return true;
}

std::optional<double> InstanceActivity::activity(std::size_t i) const {
  ActivityRequest request{
      .count = 1, .first = before_[i], .second = now_[i], .metrics = {{.id = kGraphicsActivity}}};
  if (call_.activity_metrics(&request) != kOk || request.metrics[0].status != kOk) return std::nullopt;
  const double percent = request.metrics[0].value;
  if (!std::isfinite(percent) || percent < 0) return std::nullopt;
  return std::min(1.0, percent / 100);
}

std::vector<double> InstanceActivity::read(Device gpu, const std::vector<Instance>& instances) {
  std::vector<double> out;
  if (!make(instances.size())) return out;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    if (call_.activity_sample(gpu, instances[i].number, now_[i]) != kOk) {
      primed_ = false;
      return {};
    }
  }
  offered_ = true;
  for (std::size_t i = 0; primed_ && i < instances.size(); ++i) {
    const auto value = activity(i);
    if (!value) break;
    out.push_back(*value);
  }
  std::swap(before_, now_);
  primed_ = true;
  if (out.size() != instances.size()) out.clear();
  return out;
}

}  // namespace ipw::telemetry::nvml
