// SPDX-License-Identifier: Apache-2.0
// Registries are visible lists: one sorted constexpr array per kind, each row a name, a line and a factory.
#pragma once
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipw {

template <class Interface, class... Args>
struct Entry {
  std::string_view name;
  std::string_view summary;  ///< one line, shown by `ipw list` and in the reference
  std::unique_ptr<Interface> (*make)(Args...);
};

/// Find a row by its name, or null.
template <class Row>
const Row* find(std::span<const Row> rows, std::string_view name) {
  const auto it = std::ranges::lower_bound(rows, name, {}, &Row::name);
  return it != rows.end() && it->name == name ? &*it : nullptr;
}

/// Collect the names of a registry.
template <class Row>
std::vector<std::string_view> names(std::span<const Row> rows) {
  std::vector<std::string_view> out;
  for (const auto& row : rows) out.push_back(row.name);
  return out;
}

/// Throw Error(Usage) "unknown <kind> 'name'" with the nearest known names as a hint.
[[noreturn]] void throw_unknown(std::string_view kind, std::string_view name,
                                std::span<const std::string_view> known);

/// Find a row by its name, or throw with the near names as a hint.
template <class Row>
const Row& require(std::string_view kind, std::span<const Row> rows, std::string_view name) {
  if (const Row* row = find(rows, name)) return *row;
  throw_unknown(kind, name, names(rows));
}

}  // namespace ipw
