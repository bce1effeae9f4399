// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "ipw/prices/prices.h"

namespace ipw::prices {
namespace {

constexpr double kPerMillion = 1e-6;

double usd(std::int64_t tokens, double per_million) {
  return static_cast<double>(tokens) * per_million * kPerMillion;
}

/// Why a bill cannot be made of these counts, empty where it can.
std::string obstacle(const Price& price, const records::Tokens& tokens) {
  if (!tokens.input || !tokens.output) return "the server did not tell its token counts";
  if (tokens.source == "counted") return "the tokens were counted here, not by the server";
  const auto cached = tokens.cached.value_or(0), reasoning = tokens.reasoning.value_or(0);
  if (*tokens.input < 0 || *tokens.output < 0 || cached < 0 || reasoning < 0)
    return "a token count is negative";
  if (cached > *tokens.input) return "more cached than input tokens";
  if (!price.reasoning_apart && reasoning > *tokens.output)
    return "more reasoning than output tokens; the row of the price needs reasoning_apart where the server "
           "counts them apart";
  if (price.up_to_input_tokens && *tokens.input > *price.up_to_input_tokens)
    return fmt::format("the price of '{}' holds up to {} input tokens", price.model,
                       *price.up_to_input_tokens);
  return {};
}

}  // namespace

Result<records::Cost, std::string> cost_of(const Price& price, const records::Tokens& tokens) {
  if (auto reason = obstacle(price, tokens); !reason.empty()) return Unexpected<std::string>(reason);
  const auto cached = tokens.cached.value_or(0), reasoning = tokens.reasoning.value_or(0);
  const auto written = price.reasoning_apart ? *tokens.output : *tokens.output - reasoning;
  records::Cost cost;
  cost.input_usd = usd(*tokens.input - cached, price.input);
  cost.cached_usd = usd(cached, price.cached_input.value_or(price.input));
  cost.output_usd = usd(written, price.output);
  cost.reasoning_usd = usd(reasoning, price.reasoning.value_or(price.output));
  cost.total_usd = cost.input_usd + cost.cached_usd + cost.output_usd + cost.reasoning_usd;
  cost.prices_as_of = price.as_of;
  return cost;
}

}  // namespace ipw::prices
