// SPDX-License-Identifier: Apache-2.0
// "NVIDIA H200 x1" -> "H200x1": the rule of the original, which named the folders that exist
// (original-formats.md 6).
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_letter(char c) {
  return is_lower(c) || is_upper(c);
}
bool has_digit(const std::string& s) {
  return std::ranges::any_of(s, is_digit);
}
bool has_letter(const std::string& s) {
  return std::ranges::any_of(s, is_letter);
}

std::vector<std::string> tokens_of(const std::string& name) {
  std::vector<std::string> tokens;
  bool inside = false;
  for (const char c : name) {
    const bool part = is_digit(c) || is_letter(c);
    if (part && !inside) tokens.emplace_back();
    if (part) tokens.back() += c;
    inside = part;
  }
  return tokens;
}

/// A short word in one case, such as "RTX", belongs to the number that follows it.
bool is_short_prefix(const std::string& token) {
  const auto letters = std::ranges::count_if(token, is_letter);
  return letters > 0 && letters <= 4 &&
         (std::ranges::none_of(token, is_lower) || std::ranges::none_of(token, is_upper));
}

bool joins(const std::string& token, const std::string& next) {
  return has_digit(next) && has_letter(token + next) && !std::ranges::all_of(token, is_digit) &&
         (has_digit(token) || is_short_prefix(token));
}

std::string label_of(const std::string& name) {
  const auto tokens = tokens_of(name);
  if (tokens.empty()) return {};
  std::optional<std::string> label;
  for (std::size_t i = 0; i + 1 < tokens.size() && !label; ++i)
    if (joins(tokens[i], tokens[i + 1])) label = tokens[i] + tokens[i + 1];
  if (const auto it = std::ranges::find_if(tokens, has_digit); !label && it != tokens.end()) label = *it;
  if (const auto it = std::find_if(tokens.rbegin(), tokens.rend(), has_letter); !label && it != tokens.rend())
    label = *it;
  if (!label) label = tokens.back();
  if (has_letter(*label) && std::ranges::none_of(*label, is_upper))
    std::ranges::transform(*label, label->begin(),
                           [](char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; });
  return *label;
}

}  // namespace

std::string hardware_label(const std::string& gpu_name, const std::string& cpu_brand) {
  auto gpu = label_of(gpu_name), cpu = label_of(cpu_brand);
  if (has_digit(gpu)) return gpu;
  if (has_digit(cpu)) return cpu;
  if (!gpu.empty()) return gpu;
  return cpu.empty() ? "UNKNOWN_HW" : cpu;
}

}  // namespace ipw::records
