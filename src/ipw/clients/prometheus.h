// SPDX-License-Identifier: Apache-2.0
// Prometheus text exposition format 0.0.4, as far as the metrics of inference servers need it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipw::clients {

struct MetricSample {
  std::string name;
  std::string labels;  ///< what stands between the braces, verbatim
  double value = 0;    ///< finite; samples with NaN or infinity are left out
};

/// Read the samples of an exposition; comments and lines that are none are skipped.
std::vector<MetricSample> parse_prometheus(std::string_view text);

}  // namespace ipw::clients
