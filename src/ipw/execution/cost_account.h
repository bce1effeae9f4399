// SPDX-License-Identifier: Apache-2.0
// What the tokens of a run cost, of its queries and, apart from them, of its judge.
#pragma once
#include <cstddef>
#include <functional>
#include <set>
#include <string>

#include "ipw/base/json.h"
#include "ipw/execution/profile.h"
#include "ipw/prices/prices.h"

namespace ipw::execution {

/// The price of a model at an address, by the files that the configuration names and those that are there.
/// Throws Error for a broken file.
prices::Quote find_price(const ProfileConfig& config, const Surroundings& around, const std::string& model,
                         const std::string& base_url);

/// The same for many models, by files that are read once.
std::function<prices::Quote(const std::string& model, const std::string& base_url)> price_finder(
    const ProfileConfig& config, const Surroundings& around);

/// Sums over the queries whose cost is known.
struct CostTotals {
  records::Cost sum;           ///< its prices_as_of is empty
  std::size_t queries = 0;     ///< that have a cost
  std::set<std::string> days;  ///< of the prices; more than one where they changed between parts of a run
  void add(const records::Cost& cost);
};

/// summary.json's `cost`; `queries` are all of the run.
Json cost_json(const CostTotals& totals, const prices::Quote& price, std::size_t queries);
/// The cost of a judge's tokens: `cost_usd` with its prices, or null with a reason.
Json judge_cost_json(const prices::Quote& price, std::int64_t prompt_tokens, std::int64_t completion_tokens);

}  // namespace ipw::execution
