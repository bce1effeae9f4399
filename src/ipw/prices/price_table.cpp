// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/text.h"
#include "ipw/http/host.h"
#include "ipw/prices/prices.h"

namespace ipw::prices {
namespace {

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// "2025-08-07" or "20250807", a day of this century.
bool is_date(std::string_view text) {
  std::string digits;
  if (text.size() == 10 && text[4] == '-' && text[7] == '-')
    digits = fmt::format("{}{}{}", text.substr(0, 4), text.substr(5, 2), text.substr(8, 2));
  else if (text.size() == 8)
    digits = text;
  if (digits.empty() || !all_digits(digits) || !digits.starts_with("20")) return false;
  const auto month = parse_int(digits.substr(4, 2)).value_or(0),
             day = parse_int(digits.substr(6)).value_or(0);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

const Price* find(const std::vector<Price>& rows, std::string_view model) {
  const auto it = std::ranges::find_if(rows, [&](const Price& row) {
    return row.model == model || std::ranges::find(row.aliases, model) != row.aliases.end();
  });
  return it == rows.end() ? nullptr : &*it;
}

bool holds_at(const Price& price, std::string_view host) {
  return price.hosts.empty() || std::ranges::find(price.hosts, host) != price.hosts.end();
}

}  // namespace

std::string_view without_date(std::string_view model) {
  for (const std::size_t length : {10, 8}) {
    if (model.size() < length + 2 || model[model.size() - length - 1] != '-') continue;
    if (is_date(model.substr(model.size() - length))) return model.substr(0, model.size() - length - 1);
  }
  return model;
}

Quote PriceTable::quote(std::string_view model, std::string_view base_url) const {
  const Price* elsewhere = nullptr;
  for (const auto& rows : files_) {
    for (const auto name : {model, without_date(model)}) {
      const Price* price = find(rows, name);
      if (price == nullptr) continue;
      if (holds_at(*price, http::host_port(base_url).host)) return *price;
      if (elsewhere == nullptr) elsewhere = price;
      break;
    }
  }
  if (elsewhere == nullptr)
    return Unexpected<std::string>(fmt::format("no price of the model '{}' is known", model));
  return Unexpected<std::string>(fmt::format("the price of '{}' holds at {}, not at {}", elsewhere->model,
                                             join(elsewhere->hosts, ", "),
                                             base_url.empty() ? "an engine of this machine" : base_url));
}

PriceTable open_prices(const std::filesystem::path& given, const std::filesystem::path& config_dir,
                       const std::filesystem::path& data_dir) {
  std::vector<std::vector<Price>> files;
  if (!given.empty()) files.push_back(read_price_file(given));
  for (const auto& path : {config_dir / "prices.json", data_dir / "data" / "prices.json"})
    if (std::filesystem::exists(path)) files.push_back(read_price_file(path));
  return PriceTable(std::move(files));
}

}  // namespace ipw::prices
