// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/cost_account.h"

#include <nlohmann/json.hpp>

#include "ipw/base/text.h"

namespace ipw::execution {
namespace {

void add_price(Json& json, const prices::Quote& price) {
  json["prices_as_of"] = price ? Json(price->as_of) : Json(nullptr);
  json["price_model"] = price ? Json(price->model) : Json(nullptr);
  json["price_source"] = price ? Json(price->source) : Json(nullptr);
  json["price_file"] = price ? Json(price->file) : Json(nullptr);
}

}  // namespace

prices::Quote find_price(const ProfileConfig& config, const Surroundings& around, const std::string& model,
                         const std::string& base_url) {
  return price_finder(config, around)(model, base_url);
}

std::function<prices::Quote(const std::string&, const std::string&)> price_finder(
    const ProfileConfig& config, const Surroundings& around) {
  return [table = prices::open_prices(config.prices, around.config_dir, around.data_dir)](
             const std::string& model, const std::string& base_url) { return table.quote(model, base_url); };
}

void CostTotals::add(const records::Cost& cost) {
  sum.input_usd += cost.input_usd;
  sum.cached_usd += cost.cached_usd;
  sum.output_usd += cost.output_usd;
  sum.reasoning_usd += cost.reasoning_usd;
  sum.total_usd += cost.total_usd;
  ++queries;
  if (!cost.prices_as_of.empty()) days.insert(cost.prices_as_of);
}

Json cost_json(const CostTotals& t, const prices::Quote& price, std::size_t queries) {
  const auto known = [&](double usd) { return t.queries > 0 ? Json(usd) : Json(nullptr); };
  Json json{{"cost_usd", known(t.sum.total_usd)},
            {"input_cost_usd", known(t.sum.input_usd)},
            {"cached_cost_usd", known(t.sum.cached_usd)},
            {"output_cost_usd", known(t.sum.output_usd)},
            {"reasoning_cost_usd", known(t.sum.reasoning_usd)},
            {"queries", t.queries},
            {"of", queries}};
  add_price(json, price);
  if (!t.days.empty()) json["prices_as_of"] = join(std::vector(t.days.begin(), t.days.end()), ", ");
  if (!price)
    json["reason"] = price.error();
  else if (t.queries < queries)
    json["reason"] = "the server did not tell all token counts, or the price does not hold for some";
  return json;
}

Json judge_cost_json(const prices::Quote& price, std::int64_t prompt_tokens, std::int64_t completion_tokens) {
  Json json{{"cost_usd", nullptr}};
  if (!price) {
    json["cost_reason"] = price.error();
    return json;
  }
  auto row = *price;
  row.up_to_input_tokens.reset();  // the counts are of many requests, each of them short
  const auto cost = prices::cost_of(row, {prompt_tokens, completion_tokens, {}, {}, "server"});
  if (cost) json["cost_usd"] = cost->total_usd;
  add_price(json, price);
  return json;
}

}  // namespace ipw::execution
