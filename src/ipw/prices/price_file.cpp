// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/prices/prices.h"

namespace ipw::prices {
namespace {

constexpr const char* kExample =
    R"({"as_of": "2026-11-26", "currency": "USD", "models": [{"model": "my-model", "input": 0.5, "output": 1.5}]})";

constexpr std::array<std::string_view, 4> kTop = {"as_of", "currency", "models", "sources"};
constexpr std::array<std::string_view, 9> kRow = {"aliases",         "cached_input", "input",
                                                  "model",           "output",       "reasoning",
                                                  "reasoning_apart", "source",       "up_to_input_tokens"};
constexpr std::array<std::string_view, 4> kSource = {"hosts", "page", "read", "via"};

/// A JSON object of the file, with its place for messages.
class Part {
 public:
  Part(const Json& json, std::string place, std::span<const std::string_view> known)
      : json_(json), place_(std::move(place)) {
    if (!json.is_object()) fail("is no JSON object");
    for (const auto& [key, value] : json.items())
      if (std::ranges::find(known, key) == known.end()) fail(fmt::format("has the unknown field '{}'", key));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::Format, fmt::format("{} {}", place_, what),
                std::string("a file like ") + kExample);
  }
  [[noreturn]] void fail(const char* key, const std::string& wanted) const {
    const auto it = json_.find(key);
    if (it == json_.end()) fail(fmt::format("lacks '{}', {}", key, wanted));
    fail(fmt::format("'{}' is {}, not {}", key, it->dump(), wanted));
  }

  const Json* find(const char* key) const {
    const auto it = json_.find(key);
    return it == json_.end() || it->is_null() ? nullptr : &*it;
  }
  std::string text(const char* key, const std::string& wanted) const {
    const auto* value = find(key);
    if (value == nullptr || !value->is_string() || value->get<std::string>().empty()) fail(key, wanted);
    return value->get<std::string>();
  }
  std::vector<std::string> texts(const char* key) const {
    const auto* value = find(key);
    if (value == nullptr) return {};
    const auto is_text = [](const Json& part) { return part.is_string(); };
    if (!value->is_array() || !std::ranges::all_of(*value, is_text)) fail(key, "a list of texts");
    return value->get<std::vector<std::string>>();
  }
  std::optional<double> usd(const char* key) const {
    const auto* value = find(key);
    if (value == nullptr) return std::nullopt;
    const bool fine = value->is_number() && std::isfinite(value->get<double>()) && value->get<double>() >= 0;
    if (!fine) fail(key, "a number of USD per million tokens from 0");
    return value->get<double>();
  }
  double needed_usd(const char* key) const {
    const auto value = usd(key);
    if (!value) fail(key, "a number of USD per million tokens");
    return *value;
  }
  std::string day(const char* key) const {
    const auto value = text(key, "a day, YYYY-MM-DD");
    if (without_date("x-" + value) != "x" || value.size() != 10) fail(key, "a day, YYYY-MM-DD");
    return value;
  }

 private:
  const Json& json_;
  std::string place_;
};

struct Source {
  std::string page, as_of;
  std::vector<std::string> hosts;
};

/// A row names one of the file's sources, or says in its own words where it is from.
Source source_of(const std::filesystem::path& path, const Part& top, const Part& row) {
  Source out{{}, top.day("as_of"), {}};
  if (row.find("source") == nullptr) return out;
  out.page = row.text("source", "a text");
  const auto* sources = top.find("sources");
  if (sources == nullptr || !sources->is_object() || !sources->contains(out.page)) return out;
  const Part source(sources->at(out.page), fmt::format("{}: sources['{}']", path.string(), out.page),
                    kSource);
  out.page = source.text("page", "the name of the price page");
  if (source.find("via") != nullptr) out.page += " (through " + source.text("via", "a text") + ")";
  if (source.find("read") != nullptr) out.as_of = source.day("read");
  out.hosts = source.texts("hosts");
  return out;
}

Price read_row(const std::filesystem::path& path, const Part& top, const Json& json, std::size_t number) {
  const auto name = json.is_object() && json.contains("model") ? " " + json["model"].dump() : "";
  const Part row(json, fmt::format("{}: models[{}]{}", path.string(), number, name), kRow);
  Price out;
  out.model = row.text("model", "the id of a model");
  out.aliases = row.texts("aliases");
  out.input = row.needed_usd("input");
  out.output = row.needed_usd("output");
  out.cached_input = row.usd("cached_input");
  out.reasoning = row.usd("reasoning");
  if (const auto* most = row.find("up_to_input_tokens")) {
    if (!most->is_number_integer() || most->get<std::int64_t>() < 1)
      row.fail("up_to_input_tokens", "a count of tokens from 1");
    out.up_to_input_tokens = most->get<std::int64_t>();
  }
  if (const auto* apart = row.find("reasoning_apart")) {
    if (!apart->is_boolean()) row.fail("reasoning_apart", "true or false");
    out.reasoning_apart = apart->get<bool>();
  }
  auto source = source_of(path, top, row);
  out.source = std::move(source.page);
  out.as_of = std::move(source.as_of);
  out.hosts = std::move(source.hosts);
  out.file = path.string();
  return out;
}

}  // namespace

std::vector<Price> read_price_file(const std::filesystem::path& path) {
  const Json json = read_json_file(path.string());
  const Part top(json, path.string() + ":", kTop);
  if (top.text("currency", "USD") != "USD") top.fail("currency", "USD, the only one that ipw knows");
  const auto* models = top.find("models");
  if (models == nullptr || !models->is_array()) top.fail("models", "a list of rows");
  std::vector<Price> rows;
  std::set<std::string> names;
  for (std::size_t i = 0; i < models->size(); ++i) {
    rows.push_back(read_row(path, top, models->at(i), i));
    auto ids = rows.back().aliases;
    ids.push_back(rows.back().model);
    for (const auto& id : ids)
      if (!names.insert(id).second)
        top.fail(fmt::format("models[{}]: 'model' {} stands in an earlier row already", i, id));
  }
  return rows;
}

}  // namespace ipw::prices
