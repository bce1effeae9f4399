// SPDX-License-Identifier: Apache-2.0
// Component parameters, as `--dataset-param path=x.jsonl --client-param timeout=30` gives them.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ipw {

/// Named text values with typed getters. A getter throws Error(Usage) that names the key and what was
/// expected.
class Params {
 public:
  /// Parse "k=v" items; each is one pair, cut at its first '='. Throws Error(Usage) on an item without '=' or
  /// key.
  static Params parse(std::span<const std::string> items, std::string_view option);

  void set(std::string key, std::string value) { values_[std::move(key)] = std::move(value); }
  std::optional<std::string> get(std::string_view key) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  /// true/false, yes/no, on/off, 1/0.
  std::optional<bool> flag(std::string_view key) const;
  const std::map<std::string, std::string, std::less<>>& all() const { return values_; }
  /// Throw Error(Usage) when a key is none of those, naming near ones.
  void allow(std::string_view component, std::span<const std::string_view> keys) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace ipw
