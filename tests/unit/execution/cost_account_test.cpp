// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/cost_account.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ipw::execution {
namespace {

prices::Price price() {
  prices::Price out;
  out.model = "judge";
  out.input = 1;
  out.output = 4;
  out.up_to_input_tokens = 1000;
  out.as_of = "2026-05-01";
  out.source = "own books";
  out.file = "prices.json";
  return out;
}

TEST(CostAccount, M45_sums_the_parts_and_names_the_prices) {
  CostTotals totals;
  totals.add({0.5, 0.25, 1, 0.25, 2, "2026-05-01"});
  totals.add({0.5, 0, 1, 0, 1.5, "2026-05-01"});
  const auto json = cost_json(totals, price(), 2);
  EXPECT_EQ(json["cost_usd"], 3.5);
  EXPECT_EQ(json["input_cost_usd"], 1.0);
  EXPECT_EQ(json["cached_cost_usd"], 0.25);
  EXPECT_EQ(json["output_cost_usd"], 2.0);
  EXPECT_EQ(json["reasoning_cost_usd"], 0.25);
  EXPECT_EQ(json["prices_as_of"], "2026-05-01");
  EXPECT_EQ(json["price_file"], "prices.json");
  EXPECT_FALSE(json.contains("reason"));
}

TEST(CostAccount, M46_an_unknown_price_is_null_with_its_reason_never_0) {
  const auto json = cost_json({}, Unexpected<std::string>("no price"), 3);
  EXPECT_TRUE(json["cost_usd"].is_null());
  EXPECT_TRUE(json["prices_as_of"].is_null());
  EXPECT_EQ(json["reason"], "no price");
  const auto judge = judge_cost_json(Unexpected<std::string>("no price"), 5, 5);
  EXPECT_TRUE(judge["cost_usd"].is_null());
  EXPECT_EQ(judge["cost_reason"], "no price");
}

TEST(CostAccount, a_sum_over_some_queries_says_so_and_prices_that_changed_are_all_named) {
  CostTotals totals;
  totals.add({1, 0, 0, 0, 1, "2026-05-01"});
  totals.add({1, 0, 0, 0, 1, "2026-06-01"});
  const auto json = cost_json(totals, price(), 3);
  EXPECT_TRUE(json.contains("reason"));
  EXPECT_EQ(json["queries"], 2);
  EXPECT_EQ(json["of"], 3);
  EXPECT_EQ(json["prices_as_of"], "2026-05-01, 2026-06-01");
}

TEST(CostAccount, S35_the_judges_tokens_have_a_cost_of_their_own) {
  const auto json = judge_cost_json(price(), 2'000'000, 500'000);
  EXPECT_EQ(json["cost_usd"], 4.0) << "the limit of a request is not one of many requests together";
  EXPECT_EQ(json["prices_as_of"], "2026-05-01");
}

}  // namespace
}  // namespace ipw::execution
