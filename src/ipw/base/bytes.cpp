// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/bytes.h"

#include <cmath>
#include <string>

#include "ipw/base/text.h"

namespace ipw {

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  auto lower = to_lower_ascii(trim(text));
  for (const std::string_view end : {"ib", "b"})
    if (lower.ends_with(end)) lower.resize(lower.size() - end.size());
  double factor = 1;
  constexpr std::string_view kUnits = "kmgt";
  if (!lower.empty())
    if (const auto unit = kUnits.find(lower.back()); unit != std::string_view::npos) {
      factor = std::pow(1024.0, static_cast<double>(unit + 1));
      lower.pop_back();
    }
  constexpr double kTooMuch = 1e18;
  const auto number = parse_double(trim(lower));
  if (!number || *number < 0 || *number * factor >= kTooMuch) return std::nullopt;
  return static_cast<std::uint64_t>(*number * factor);
}

}  // namespace ipw
