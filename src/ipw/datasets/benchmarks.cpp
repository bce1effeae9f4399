// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/datasets/benchmark.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {

std::span<const Benchmark* const> benchmarks() {
  static const std::array kBenchmarks = {
      &arc(),
      &browsecomp(),
      &deepresearchbench(),
      &frames(),
      &gaia(),
      &gdpval(),
      &gpqa(),
      &gsm8k(),
      &hle(),
      &humaneval(),
      &ifeval(),
      &livecodebench(),
      &math500(),
      &mmlu(),
      &mmlu_pro(),
      &natural_reasoning(),
      &simpleqa(),
      &supergpqa(),
      &wildchat(),
  };
  return kBenchmarks;
}

}  // namespace ipw::datasets
