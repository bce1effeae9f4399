// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/python_text.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <utf8proc.h>

#include <algorithm>

#include "ipw/base/text.h"

namespace ipw::evaluation::python {
namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

template <class F>
void for_each_character(std::string_view text, F&& f) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (auto left = static_cast<utf8proc_ssize_t>(text.size()); left > 0;) {
    utf8proc_int32_t code = 0;
    const auto length = std::max<utf8proc_ssize_t>(1, utf8proc_iterate(at, left, &code));
    f(code < 0 ? 0xFFFD : code);
    at += length;
    left -= length;
  }
}

/// Whether there are letters of the wanted category and none of the unwanted.
bool all_of_case(std::string_view text, utf8proc_category_t wanted, utf8proc_category_t unwanted) {
  bool some = false, other = false;
  for_each_character(text, [&](utf8proc_int32_t code) {
    const auto category = utf8proc_category(code);
    some = some || category == wanted;
    other = other || category == unwanted || category == UTF8PROC_CATEGORY_LT;
  });
  return some && !other;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out;
  for_each_character(text, [&](utf8proc_int32_t code) {
    utf8proc_uint8_t bytes[4];
    const auto count = utf8proc_encode_char(utf8proc_tolower(code), bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  });
  return out;
}

std::string_view strip(std::string_view text) {
  static const re2::RE2 kBlank{std::string(kSpace)};
  constexpr std::size_t kLongest = 4;  // bytes of a character
  const auto continues = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
  };
  const auto blank = [](std::string_view character) { return re2::RE2::FullMatch(piece(character), kBlank); };
  while (!text.empty()) {
    std::size_t length = 1;
    while (length < std::min(kLongest, text.size()) && continues(length)) ++length;
    if (!blank(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (!text.empty()) {
    auto from = text.size() - 1;
    while (from > 0 && text.size() - from < kLongest && continues(from)) --from;
    if (!blank(text.substr(from))) break;
    text.remove_suffix(text.size() - from);
  }
  return text;
}

bool is_upper(std::string_view text) {
  return all_of_case(text, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL);
}
bool is_lower(std::string_view text) {
  return all_of_case(text, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LU);
}

std::vector<std::string_view> split(std::string_view text) {
  static const re2::RE2 kToken(R"(([^\s\v\x{1c}-\x{1f}\x{85}\p{Z}]+))");
  std::vector<std::string_view> out;
  auto rest = piece(text);
  for (re2::StringPiece token; re2::RE2::FindAndConsume(&rest, kToken, &token);)
    out.emplace_back(token.data(), token.size());
  return out;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> out;
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    out.push_back(text.substr(start, end == text.npos ? end : end - start));
    if (end == text.npos) return out;
    start = end + separator.size();
  }
}

std::size_t count_matches(const std::string& pattern, std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  re2::RE2 compiled(pattern, options);
  const re2::RE2 quoted(re2::RE2::QuoteMeta(pattern), options);
  const re2::RE2& used = compiled.ok() ? compiled : quoted;
  std::size_t count = 0;
  auto rest = piece(text);
  for (auto before = rest.size(); re2::RE2::FindAndConsume(&rest, used); before = rest.size()) {
    ++count;
    if (rest.size() == before) break;
  }
  return count;
}

}  // namespace ipw::evaluation::python
