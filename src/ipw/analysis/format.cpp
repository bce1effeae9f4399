// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ipw::analysis {

std::string number(double value) {
  const double size = std::abs(value);
  if (value == 0) return "0";
  if (size < 1e-4 || size >= 1e9) return fmt::format("{:.2e}", value);
  const int digits = std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 0, 6);
  return fmt::format("{:.{}f}", value, digits);
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

std::string value_text(const Figure& figure, bool as_percent) {
  if (!figure.value) return "-";
  const auto text = [as_percent](double v) {
    return as_percent ? fmt::format("{:.1f}", v * 100) : number(v);
  };
  std::string out = as_percent ? percent(*figure.value) : number(*figure.value);
  if (figure.interval)
    out += fmt::format(" [{}, {}]", text(figure.interval->low), text(figure.interval->high));
  return out;
}

std::string count_text(const Figure& figure) {
  return figure.n == figure.of ? std::to_string(figure.n) : fmt::format("{} of {}", figure.n, figure.of);
}

Table figure_table(std::string title, std::span<const Figure> figures) {
  Table table;
  table.title = std::move(title);
  table.columns = {"figure", "value [95 %]", "unit", "n", "scope", "method"};
  table.right_aligned = {false, true, false, true, false, false};
  for (const auto& f : figures) {
    table.rows.push_back(
        {f.label, value_text(f, f.label == "accuracy"), f.unit, count_text(f), f.scope, f.method});
    if (!f.reason.empty()) table.notes.push_back(f.label + ": " + f.reason);
  }
  return table;
}

Json to_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const Figure& f) {
  Json json{{"value", to_json(f.value)}, {"unit", f.unit}};
  json["low"] = f.interval ? Json(f.interval->low) : Json(nullptr);
  json["high"] = f.interval ? Json(f.interval->high) : Json(nullptr);
  json["n"] = f.n;
  json["of"] = f.of;
  if (!f.scope.empty()) json["scope"] = f.scope;
  if (!f.method.empty()) json["method"] = f.method;
  if (!f.reason.empty()) json["reason"] = f.reason;
  return json;
}

}  // namespace ipw::analysis
