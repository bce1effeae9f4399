// SPDX-License-Identifier: Apache-2.0
// The values of a row by name, with errors that say which file, column and type.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/json.h"

namespace ipw::datasets {

enum class ColumnKind : std::uint8_t { Text, Number, Bool, Texts, List, Object };

/// A column of the published schema.
struct ColumnRule {
  std::string_view name;
  ColumnKind kind = ColumnKind::Text;
  bool required = true;
};
std::string_view name_of(ColumnKind kind);  ///< "text", "number", ...

/// One row. The row and its place outlive it. All getters throw Error(Format) when the column is absent, null
/// or of another type; CSV holds text only, so numbers may be written as text.
class Row {
 public:
  Row(const Json& values, std::string_view place) : values_(values), place_(place) {}

  std::string text(std::string_view column) const;
  std::int64_t integer(std::string_view column) const;
  std::vector<std::string> texts(std::string_view column) const;
  const Json& object(std::string_view column) const;
  const Json& list(std::string_view column) const;
  /// The value as text, or the fallback where the column is absent, null or empty.
  std::string text_or(std::string_view column, std::string_view fallback) const;
  const Json* find(std::string_view column) const;  ///< null when absent or null

  /// Throw when a required column is absent or a value has another type than the schema says.
  void require(std::span<const ColumnRule> schema) const;
  [[noreturn]] void fail(std::string_view what) const;  ///< Error(Format) "PLACE: what"
  std::string_view place() const { return place_; }

 private:
  const Json& get(std::string_view column, ColumnKind kind) const;

  const Json& values_;
  std::string_view place_;
};

}  // namespace ipw::datasets
