// SPDX-License-Identifier: Apache-2.0
// Several kinds of search as one: weighted reciprocal rank fusion.
#pragma once
#include <memory>
#include <vector>

#include "ipw/tools/retriever.h"

namespace ipw::tools {

struct WeightedRetriever {
  std::shared_ptr<const Retriever> retriever;
  double weight = 0.5;  ///< finite, >= 0
};

/// Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): a chunk's score is the sum of weight / (60 +
/// rank) over the retrievers that found it, with ranks from 1. Each is asked for max(top_k, 20) chunks.
/// Thread-safe.
class Fusion final : public Retriever {
 public:
  /// Throws Error(Usage) on a weight out of range.
  explicit Fusion(std::vector<WeightedRetriever> retrievers);

 private:
  std::vector<Hit> find(std::string_view query, std::size_t top_k, const Patience& patience) const override;
  std::vector<WeightedRetriever> retrievers_;
};

}  // namespace ipw::tools
