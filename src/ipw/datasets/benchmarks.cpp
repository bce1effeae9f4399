// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/datasets/benchmark.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {

std::span<const Benchmark* const> benchmarks() {
  static const std::array kBenchmarks = {
      &mmlu_pro(),
  };
  return kBenchmarks;
}

}  // namespace ipw::datasets
