// SPDX-License-Identifier: Apache-2.0
// What looks like a secret never reaches disk: by the name of its key, and by its form (Bearer, k=v, userinfo
// in a URL).
#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

constexpr const char* kMask = "***";

/// Split a key into lower-case words: "api_key", "apiKey" and "X-Api-Key" all hold "key"; "max_tokens" holds
/// "tokens".
std::vector<std::string> words_of(std::string_view key) {
  std::vector<std::string> words(1);
  bool was_lower = false;
  for (const char c : key) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter || (upper && was_lower)) words.emplace_back();
    if (letter) words.back() += static_cast<char>(upper ? c - 'A' + 'a' : c);
    was_lower = letter && !upper;
  }
  return words;
}

bool any_word(std::string_view key, std::initializer_list<std::string_view> secret) {
  return std::ranges::any_of(words_of(key),
                             [&](const auto& w) { return std::ranges::find(secret, w) != secret.end(); });
}

bool names_password(std::string_view key) {
  return any_word(key, {"password", "passwd", "secret", "authorization", "credential", "credentials"});
}

/// Before a colon only what is a header: "energy per token: 0.3 J" is prose.
bool names_header(std::string_view key) {
  return names_password(key) || any_word(key, {"apikey", "cookie"}) ||
         (any_word(key, {"api", "x"}) && any_word(key, {"key", "token"}));
}

bool names_secret(std::string_view key) {
  return names_password(key) || any_word(key, {"key", "apikey", "token", "auth", "bearer", "cookie"});
}

/// "https://user:password@host" keeps its user.
void mask_userinfo(std::string& text) {
  for (auto scheme = text.find("://"); scheme != std::string::npos; scheme = text.find("://", scheme + 3)) {
    const auto start = scheme + 3;
    const auto end = std::min(text.find_first_of("/?# \t\n", start), text.size());
    const auto at = text.rfind('@', end);
    const auto colon = text.find(':', start);
    if (at != std::string::npos && at > start && colon < at) text.replace(colon + 1, at - colon - 1, kMask);
  }
}

/// The value that follows a secret's name, "api_key=...", "Authorization: ...", "--token ...", up to its end.
void mask_assignments(std::string& text) {
  for (auto cut = text.find_first_of("=:"); cut != std::string::npos;
       cut = text.find_first_of("=:", cut + 1)) {
    auto start = text.find_last_of("&?;, \t\n\"'", cut);
    start = start == std::string::npos ? 0 : start + 1;
    const bool header = text[cut] == ':';
    const auto name = std::string_view(text).substr(start, cut - std::min(start, cut));
    if (!(header ? names_header(name) : names_secret(name))) continue;
    auto value = text.find_first_not_of(' ', cut + 1);
    const auto end = std::min(text.find_first_of(header ? "\n\"'" : "&;, \t\n\"'", value), text.size());
    if (value != std::string::npos && value < end) text.replace(value, end - value, kMask);
  }
}

void mask_bearer(std::string& text) {
  for (auto at = text.find("Bearer "); at != std::string::npos; at = text.find("Bearer ", at + 7)) {
    const auto end = std::min(text.find_first_of(" \t\n\"',", at + 7), text.size());
    text.replace(at + 7, end - at - 7, kMask);
  }
}

void mask(Json& value, std::string_view key) {
  if (value.is_object()) {
    for (const auto& [name, child] : value.items()) mask(child, name);
  } else if (value.is_array()) {
    for (auto& child : value) mask(child, key);
  } else if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    if (names_secret(key) && !text.empty()) text = kMask;
    mask_bearer(text);
    mask_userinfo(text);
    mask_assignments(text);
  } else if (value.is_number() && names_password(key)) {
    // Counts such as "energy_per_token" are numbers under a key that holds "token": they stay.
    value = kMask;
  }
}

}  // namespace

Json mask_secrets(Json value) {
  mask(value, "");
  return value;
}

}  // namespace ipw::records
