// SPDX-License-Identifier: Apache-2.0
// Collectors on a sampler that has no thread.
#pragma once
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ipw/telemetry/sampler.h"

namespace ipw::telemetry {

/// Tick it by hand; domains count over all collectors of the group.
inline std::shared_ptr<Sampler> make_sampler(std::vector<std::unique_ptr<Collector>> group,
                                             Nanoseconds period, Clock& clock,
                                             std::function<void(const Sample&)> sink) {
  const auto count = std::make_shared<std::uint32_t>(0);
  auto sampler = std::make_shared<Sampler>(
      Sampler::Options{"files", 0, period}, clock,
      SampleSink{[count](const Domain&) { return (*count)++; }, [sink](Sample& sample) { sink(sample); }});
  for (auto& collector : group) sampler->add({"test", std::move(collector), {}});
  return sampler;
}

}  // namespace ipw::telemetry
