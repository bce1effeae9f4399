// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/fusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "ipw/base/error.h"

namespace ipw::tools {
namespace {

constexpr double kRankOffset = 60;
constexpr std::size_t kLeastCandidates = 20;

}  // namespace

Fusion::Fusion(std::vector<WeightedRetriever> retrievers) : retrievers_(std::move(retrievers)) {
  for (const auto& [retriever, weight] : retrievers_)
    if (!std::isfinite(weight) || weight < 0)
      throw Error(ErrorCode::Usage, fmt::format("cannot weigh a retriever by {}", weight),
                  "take a number of at least 0");
}

std::vector<Hit> Fusion::find(std::string_view query, std::size_t top_k, const Patience& patience) const {
  std::unordered_map<std::string, Hit> found;
  for (const auto& [retriever, weight] : retrievers_) {
    double rank = 0;
    for (auto& hit : retriever->search(query, std::max(top_k, kLeastCandidates), patience)) {
      const double share = weight / (kRankOffset + ++rank);
      hit.score = 0;
      const std::string id = hit.id;
      found.try_emplace(id, std::move(hit)).first->second.score += share;
    }
  }
  std::vector<Hit> hits;
  hits.reserve(found.size());
  for (auto& [id, hit] : found) hits.push_back(std::move(hit));
  std::ranges::sort(hits, stands_before);
  hits.resize(std::min(top_k, hits.size()));
  return hits;
}

}  // namespace ipw::tools
