// SPDX-License-Identifier: Apache-2.0
// An estimate of the floating point operations behind an answer, from the published size of its model.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipw/base/result.h"
#include "ipw/records/query_record.h"

namespace ipw::analysis {

/// The size of a model, as its maker publishes it.
struct ModelSize {
  std::string_view key;     ///< normalised name
  double active = 0;        ///< parameters that a token passes, in 1e9
  double total = 0;         ///< all parameters, in 1e9
  int layers = 0;           ///< with full attention; 0: not known, or another kind of attention
  int attention_width = 0;  ///< heads times (their key and value widths) / 2
};
/// The table, sorted by key.
std::span<const ModelSize> model_sizes();

/// "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8" as keys are written: "qwen-3-235b-a-22b-instruct-2507-fp-8".
std::string normal_model_name(std::string_view name);
/// The entry whose key is the name, or the name up to marks of tuning, date and quantisation; nothing is
/// guessed: any other addition ("mini", "distill") makes it another model. Says why there is none.
ipw::Result<ModelSize, std::string> find_model_size(std::string_view name);

struct FlopsEstimate {
  double parameters = 0;            ///< 2 operations for each active parameter and token
  std::optional<double> attention;  ///< scores and their sums over the context, which grow with its square
  double total() const { return parameters + attention.value_or(0); }
};
/// Of one call with these tokens; each token attends to all before it. Tokens that a cache held count too:
/// this is the work of the answer and not of the device.
FlopsEstimate flops_of(const ModelSize& model, std::int64_t input_tokens, std::int64_t output_tokens);
/// Of all calls of a query; absent where one of them told no token counts.
std::optional<FlopsEstimate> flops_of(const ModelSize& model, const records::QueryRecord& record);

}  // namespace ipw::analysis
