// SPDX-License-Identifier: Apache-2.0
#include "ipw/prices/prices.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "ipw/base/error.h"

namespace ipw::prices {
namespace {

namespace fs = std::filesystem;

fs::path file(const std::string& name, const std::string& text) {
  const auto path = fs::path(testing::TempDir()) / ("ipw_prices_" + name);
  std::ofstream(path) << text;
  return path;
}

std::string with_rows(const std::string& rows) {
  return R"({"as_of": "2026-05-01", "currency": "USD", "models": [)" + rows + "]}";
}

/// What the reader says of a file, empty where it takes it.
std::string trouble(const std::string& text) {
  try {
    read_price_file(file("bad.json", text));
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

PriceTable built_in() {
  return open_prices({}, "/nowhere", IPW_SOURCE_DIR);
}

constexpr const char* kOpenAi = "https://api.openai.com/v1";

TEST(Prices, M46_every_built_in_price_has_a_day_and_a_source) {
  const auto files = built_in().files();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_GT(files[0].size(), 50U);
  for (const auto& row : files[0]) {
    EXPECT_EQ(row.as_of.size(), 10U) << row.model;
    EXPECT_FALSE(row.source.empty()) << row.model;
    EXPECT_FALSE(row.hosts.empty()) << row.model << ": a price of ours holds at its provider only";
    EXPECT_GT(row.output, 0) << row.model;
    EXPECT_LE(row.cached_input.value_or(0), row.input) << row.model;
  }
}

TEST(Prices, M46_a_dated_snapshot_has_the_price_of_its_model_and_an_exact_row_wins) {
  const auto table = built_in();
  EXPECT_EQ(table.quote("gpt-5-nano-2025-08-07", kOpenAi)->model, "gpt-5-nano");
  EXPECT_EQ(table.quote("claude-haiku-4-5-20251001", "https://api.anthropic.com/v1/")->model,
            "claude-haiku-4-5");
  EXPECT_EQ(table.quote("models/gemini-2.5-flash", "https://generativelanguage.googleapis.com/v1beta/openai")
                ->model,
            "gemini-2.5-flash");
  EXPECT_EQ(table.quote("gpt-4o-2024-05-13", kOpenAi)->input, 5) << "the first gpt-4o cost more";
  EXPECT_EQ(table.quote("gpt-4o-2024-11-20", kOpenAi)->input, 2.5);
}

TEST(Prices, M46_an_unknown_model_has_no_price_and_a_reason_instead_of_0) {
  for (const char* model : {"gpt-5-nano-turbo", "gpt-5-nan", "gpt-5-nano-2025-13-07", "gpt-5-nano-0613", "",
                            "GPT-5-nano", "my-gpt-5"}) {
    const auto quote = built_in().quote(model, kOpenAi);
    ASSERT_FALSE(quote) << model;
    EXPECT_NE(quote.error().find("no price of the model"), std::string::npos) << quote.error();
  }
}

TEST(Prices, M45_a_model_that_runs_here_has_no_price_by_its_name) {
  for (const char* url : {"http://127.0.0.1:8000/v1", "", "http://api.openai.com.example/v1"}) {
    const auto quote = built_in().quote("gpt-5-nano", url);
    ASSERT_FALSE(quote) << url;
    EXPECT_NE(quote.error().find("holds at api.openai.com"), std::string::npos) << quote.error();
  }
}

TEST(Prices, M46_the_users_rows_win_at_every_address) {
  const auto config = fs::path(testing::TempDir()) / "ipw_prices_config";
  fs::create_directories(config);
  std::ofstream(config / "prices.json") << with_rows(
      R"({"model": "gpt-5-nano", "input": 7, "output": 8}, {"model": "own", "input": 1, "output": 1})");
  const auto given = file("given.json", with_rows(R"({"model": "own", "input": 2, "output": 3})"));
  const auto table = open_prices(given, config, IPW_SOURCE_DIR);
  EXPECT_EQ(table.quote("own", "http://127.0.0.1")->input, 2) << "--prices before the settings";
  EXPECT_EQ(table.quote("gpt-5-nano-2025-08-07", kOpenAi)->input, 7) << "the settings before ours";
  EXPECT_EQ(table.quote("gpt-5-nano", "")->as_of, "2026-05-01");
  EXPECT_EQ(table.quote("gpt-5", kOpenAi)->input, 1.25) << "ours where nothing else is";
}

TEST(PriceFile, says_file_row_and_field_of_what_is_wrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with_rows(R"({"model": "a", "input": 1, "output": -2})"), "models[0] \"a\" 'output' is -2"},
      {with_rows(R"({"model": "a", "input": 1, "output": 1}, {"model": "b", "input": "1", "output": 1})"),
       "models[1] \"b\" 'input' is \"1\""},
      {with_rows(R"({"model": "a", "input": 1})"), "models[0] \"a\" lacks 'output'"},
      {with_rows(R"({"input": 1, "output": 1})"), "models[0] lacks 'model'"},
      {with_rows(R"({"model": "a", "input": 1, "output": 1, "cached": 1})"), "unknown field 'cached'"},
      {with_rows(R"({"model": "a", "input": 1, "output": 1}, {"model": "a", "input": 2, "output": 1})"),
       "stands in an earlier row already"},
      {with_rows(R"({"model": "a", "input": 1, "output": 1, "up_to_input_tokens": 0.5})"),
       "'up_to_input_tokens' is 0.5"},
      {R"({"as_of": "2026-05-01", "currency": "EUR", "models": []})", "'currency' is \"EUR\""},
      {R"({"as_of": "May", "currency": "USD", "models": [{"model": "a", "input": 1, "output": 1}]})",
       "'as_of' is \"May\""},
      {R"({"as_of": "2026-05-01", "currency": "USD"})", "lacks 'models'"},
      {"[]", "is no JSON object"},
      {"{", "bad.json"}};
  for (const auto& [text, part] : cases) {
    const auto message = trouble(text);
    EXPECT_NE(message.find(part), std::string::npos) << message << "\n" << part;
    EXPECT_NE(message.find("ipw_prices_bad.json"), std::string::npos) << message;
  }
  EXPECT_THROW(open_prices("/nowhere/prices.json", "/nowhere", "/nowhere"), Error);
}

Price price(double input, double output) {
  Price out;
  out.model = "m";
  out.input = input;
  out.output = output;
  out.as_of = "2026-05-01";
  return out;
}

TEST(Cost, M46_cached_and_reasoning_tokens_have_rates_of_their_own) {
  auto p = price(2, 10);
  records::Tokens tokens{1000, 500, 400, 300, "server"};
  auto cost = *cost_of(p, tokens);
  EXPECT_DOUBLE_EQ(cost.total_usd, (1000 * 2 + 500 * 10) * 1e-6) << "without rates of their own";
  EXPECT_DOUBLE_EQ(cost.reasoning_usd, 300 * 10e-6);
  p.cached_input = 0.5;
  p.reasoning = 20;
  cost = *cost_of(p, tokens);
  EXPECT_DOUBLE_EQ(cost.input_usd, 600 * 2e-6);
  EXPECT_DOUBLE_EQ(cost.cached_usd, 400 * 0.5e-6);
  EXPECT_DOUBLE_EQ(cost.output_usd, 200 * 10e-6);
  EXPECT_DOUBLE_EQ(cost.reasoning_usd, 300 * 20e-6);
  EXPECT_EQ(cost.prices_as_of, "2026-05-01");
  p.reasoning_apart = true;
  EXPECT_DOUBLE_EQ(cost_of(p, tokens)->output_usd, 500 * 10e-6) << "the server counts reasoning apart";
}

TEST(Cost, M45_the_originals_worked_example) {
  const auto gpt4o = built_in().quote("gpt-4o", kOpenAi);
  EXPECT_DOUBLE_EQ(cost_of(*gpt4o, {1500, 500, {}, {}, "server"})->total_usd, 0.00875);
}

TEST(Cost, is_unknown_with_a_reason_where_the_counts_cannot_be_billed) {
  auto p = price(1, 1);
  p.up_to_input_tokens = 100;
  const std::vector<std::pair<records::Tokens, const char*>> cases = {
      {{{}, 5, {}, {}, "server"}, "did not tell"}, {{5, {}, {}, {}, "server"}, "did not tell"},
      {{5, 5, {}, {}, "counted"}, "counted here"}, {{5, 5, 6, {}, "server"}, "more cached"},
      {{5, 5, {}, 6, "server"}, "more reasoning"}, {{101, 5, {}, {}, "server"}, "up to 100 input"},
      {{-1, 5, {}, {}, "server"}, "negative"}};
  for (const auto& [tokens, part] : cases) {
    const auto cost = cost_of(p, tokens);
    ASSERT_FALSE(cost) << part;
    EXPECT_NE(cost.error().find(part), std::string::npos) << cost.error();
  }
  EXPECT_TRUE(cost_of(p, {100, 0, {}, {}, "server"}));
}

TEST(Cost, its_parts_add_up_and_a_cheaper_cache_never_costs_more) {
  std::mt19937 random(7);
  const auto draw = [&](std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(0, most)(random);
  };
  for (int i = 0; i < 2000; ++i) {
    auto p = price(static_cast<double>(draw(100)) / 8, static_cast<double>(draw(1000)) / 8);
    records::Tokens tokens{draw(100'000), draw(10'000), {}, {}, "server"};
    const auto plain = *cost_of(p, tokens);
    tokens.cached = draw(*tokens.input);
    tokens.reasoning = draw(*tokens.output);
    const auto split = *cost_of(p, tokens);
    EXPECT_NEAR(split.total_usd, plain.total_usd, 1e-12) << "one rate: how tokens divide does not matter";
    p.cached_input = p.input / 10;
    const auto cached = *cost_of(p, tokens);
    EXPECT_LE(cached.total_usd, split.total_usd + 1e-12);
    EXPECT_NEAR(cached.total_usd,
                cached.input_usd + cached.cached_usd + cached.output_usd + cached.reasoning_usd, 1e-12);
  }
}

}  // namespace
}  // namespace ipw::prices
