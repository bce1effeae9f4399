// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/cli/command.h"

namespace ipw::cli {
namespace {
constexpr double kLargestNumber = 1e9;  // in seconds, 31 years
}

std::optional<std::string> Values::text(std::string_view name) const {
  const auto it = given.find(name);
  return it == given.end() || it->second.empty() ? std::nullopt : std::optional(it->second.back());
}

std::vector<std::string> Values::list(std::string_view name) const {
  const auto it = given.find(name);
  return it == given.end() ? std::vector<std::string>{} : it->second;
}

std::optional<std::int64_t> Values::integer(std::string_view name, std::int64_t lowest) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto number = parse_int(*value);
  if (number && *number > std::numeric_limits<int>::max())
    throw Error(ErrorCode::Usage, fmt::format("{} {} is too large", name, *value));
  if (number && *number >= lowest) return number;
  throw Error(ErrorCode::Usage,
              fmt::format("{} {} is not a whole number of at least {}", name, *value, lowest));
}

std::optional<double> Values::number(std::string_view name, double lowest) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto number = parse_double(*value);
  if (number && *number > kLargestNumber)
    throw Error(ErrorCode::Usage, fmt::format("{} {} is too large", name, *value));
  if (number && *number >= lowest) return number;
  throw Error(ErrorCode::Usage, fmt::format("{} {} is not a number of at least {}", name, *value, lowest));
}

}  // namespace ipw::cli
