// SPDX-License-Identifier: Apache-2.0
// Several machines as one: their domains join one tree with the node's name in front.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

struct NamedSource {
  std::string node;  ///< "gpu-node-3"; twice the same gets "-2" behind the second
  std::unique_ptr<Source> source;
};

/// Measure on all of them at once. A window is settled when it is on every node; power of nodes is summed,
/// with the sum of their maxima as the bound of the maximum; the problems of each node are told with its
/// name. One source is handed back as it is. Throws Error(Usage) without any.
std::unique_ptr<Source> merge_sources(std::vector<NamedSource> parts);

}  // namespace ipw::telemetry
