// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them, and figures as cells and JSON.
#pragma once
#include "ipw/analysis/analysis.h"

namespace ipw::analysis {

/// Three significant digits without an exponent where that stays readable: "0.0123", "12.3", "1234".
std::string number(double value);
/// A share as percent with one decimal: "62.5 %".
std::string percent(double share);
/// "12.3 [11.0, 13.9]", or "-" where there is no value; shares are written as percent.
std::string value_text(const Figure& figure, bool as_percent = false);
/// "48 of 50", or "50" when nothing is missing.
std::string count_text(const Figure& figure);
/// A table of figures: figure, value and interval, unit, n, scope, method; reasons become notes.
Table figure_table(std::string title, std::span<const Figure> figures);
/// {value, unit, low, high, n, of, scope, method, reason}; absent values are null.
Json to_json(const Figure& figure);
Json to_json(const std::optional<double>& value);

}  // namespace ipw::analysis
