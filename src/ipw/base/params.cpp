// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"
#include "ipw/base/text.h"

namespace ipw {
namespace {

Error wrong_value(std::string_view key, std::string_view value, std::string_view expected) {
  return {ErrorCode::Usage, fmt::format("parameter {}={} is not {}", key, value, expected)};
}

}  // namespace

Params Params::parse(std::span<const std::string> items, std::string_view option) {
  Params params;
  for (const auto& item : items) {
    const auto equals = item.find('=');
    const auto key = trim(std::string_view(item).substr(0, equals));
    if (equals == std::string::npos || key.empty())
      throw Error(ErrorCode::Usage, fmt::format("{} '{}' is not KEY=VALUE", option, item),
                  fmt::format("write it as {} name=value; repeat the option for more", option));
    params.set(std::string(key), std::string(trim(std::string_view(item).substr(equals + 1))));
  }
  return params;
}

std::optional<std::string> Params::get(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? std::nullopt : std::optional(it->second);
}

std::string Params::text(std::string_view key, std::string_view fallback) const {
  return get(key).value_or(std::string(fallback));
}

std::optional<double> Params::number(std::string_view key) const {
  const auto value = get(key);
  if (!value) return std::nullopt;
  if (const auto number = parse_double(*value)) return number;
  throw wrong_value(key, *value, "a number");
}

std::optional<std::int64_t> Params::integer(std::string_view key) const {
  const auto value = get(key);
  if (!value) return std::nullopt;
  if (const auto number = parse_int(*value)) return number;
  throw wrong_value(key, *value, "a whole number");
}

std::optional<bool> Params::flag(std::string_view key) const {
  static constexpr std::array<std::string_view, 4> kTrue = {"true", "yes", "on", "1"};
  static constexpr std::array<std::string_view, 4> kFalse = {"false", "no", "off", "0"};
  const auto value = get(key);
  if (!value) return std::nullopt;
  const auto lower = to_lower_ascii(*value);
  if (std::ranges::find(kTrue, lower) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, lower) != kFalse.end()) return false;
  throw wrong_value(key, *value, "true or false");
}

void Params::allow(std::string_view component, std::span<const std::string_view> keys) const {
  for (const auto& [key, value] : values_)
    if (std::ranges::find(keys, key) == keys.end())
      throw_unknown(fmt::format("parameter of {}", component), key, keys);
}

}  // namespace ipw
