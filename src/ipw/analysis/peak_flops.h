// SPDX-License-Identifier: Apache-2.0
// What an accelerator could do at most, and which share of it a model's calls made use of.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipw/base/json.h"
#include "ipw/base/result.h"

namespace ipw::analysis {

struct ModelSize;

/// Dense matrix products in BF16 with accumulation in FP32, without sparsity, by the maker's data sheet; of
/// V100, which has no BF16, in FP16.
struct PeakFlops {
  std::string_view name;  ///< words in lower case
  double tflops;          ///< of one device
};
/// The table, sorted by name.
std::span<const PeakFlops> peak_flops();
/// The row of a device's name as its driver tells it ("NVIDIA H100 80GB HBM3"): the longest whose words stand
/// there as whole words, in any order and case (defect M38). Says why there is none.
ipw::Result<PeakFlops, std::string> find_peak_flops(std::string_view device);

/// What the calls of the agent's model took: operations of the tokens that were computed, those from a cache
/// left out, and the seconds of the calls.
struct ModelUse {
  double operations = 0, seconds = 0;
  /// MFU, model FLOPS utilisation (Chowdhery et al. 2022, arXiv 2204.02311, appendix B): the share of what
  /// the devices could have done in these seconds. `peak`: of all of them together (defect M37), operations
  /// per second.
  double mfu(double peak) const { return operations / (seconds * peak); }
  ModelUse& operator+=(const ModelUse& other);
};
/// Of a line of traces.jsonl; absent where a call told no token counts, or where calls of several tasks
/// shared the devices, so that their seconds are not theirs alone.
std::optional<ModelUse> use_of(const ModelSize& size, const Json& trace);

/// Operations per second of all accelerators of a run, by the gpu_info of its summary. Says why they are not
/// known.
ipw::Result<double, std::string> peak_of(const Json& summary);

}  // namespace ipw::analysis
