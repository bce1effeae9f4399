// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/math_tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ipw/base/text.h"
#include "ipw/evaluation/math_words.h"

namespace ipw::evaluation::math {
namespace {

constexpr std::size_t kLongest = 4000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~';
}

class Tokeniser {
 public:
  explicit Tokeniser(std::string text) : text_(std::move(text)) {}

  std::optional<std::vector<Token>> run() {
    while (at_ < text_.size() && !broken_) step();
    if (broken_) return std::nullopt;
    return std::move(out_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (is_blank(c)) {
      ++at_;
      glued_ = false;
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      number();
    } else if (is_letter(c)) {
      word();
    } else if (c == '\\') {
      command();
    } else {
      ++at_;
      sign(c);
    }
  }

  char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void put(TokenKind kind, std::string text) {
    out_.push_back({kind, std::move(text), glued_});
    glued_ = true;
  }

  void digits(std::string& to) {
    while (is_digit(peek(0))) to += text_[at_++];
  }

  /// What stands between the groups of "1{,}234" and "1,\!234": its length, or 0.
  std::size_t thousands_mark() const {
    for (const std::string_view mark : {"{,}", ",\\!", "\\,"}) {
      if (text_.compare(at_, mark.size(), mark) != 0) continue;
      auto end = at_ + mark.size();
      while (end < text_.size() && is_blank(text_[end])) ++end;
      const auto group = std::string_view(text_).substr(end, 4);
      if (group.size() >= 3 && std::all_of(group.begin(), group.begin() + 3, is_digit) &&
          (group.size() == 3 || !is_digit(group[3])))
        return end - at_;
    }
    return 0;
  }

  void number() {
    std::string value;
    digits(value);
    for (auto skip = thousands_mark(); skip > 0; skip = thousands_mark()) {
      at_ += skip;
      digits(value);
    }
    if (peek(0) == '.' && (is_digit(peek(1)) || !value.empty())) {
      value += text_[at_++];
      digits(value);
    }
    power_of_ten(value);
    if (value.ends_with('.')) value.pop_back();
    put(TokenKind::Number, std::move(value));
  }

  /// The "e-3" of "1.5e-3"; not the e of "2e" or "2e3x".
  void power_of_ten(std::string& value) {
    if (peek(0) != 'e' && peek(0) != 'E') return;
    const std::size_t mark = peek(1) == '-' || peek(1) == '+' ? 2 : 1;
    std::size_t end = mark;
    while (is_digit(peek(end))) ++end;
    if (end == mark || end > mark + 3 || is_letter(peek(end))) return;
    value += text_.substr(at_, end);
    at_ += end;
  }

  /// Letters side by side: a name that everybody writes without a backslash, or one variable each.
  void word() {
    const auto start = at_;
    while (is_letter(peek(0))) ++at_;
    const std::string run = text_.substr(start, at_ - start);
    const auto* meaning = find_meaning(to_lower_ascii(run), plain_words());
    if (meaning != nullptr) return put_meaning(*meaning);
    for (const char c : run) put(TokenKind::Letter, to_lower_ascii(std::string_view(&c, 1)));
  }

  void put_meaning(const Meaning& meaning) {
    switch (meaning.as) {
      case Meaning::As::Nothing:
        return;
      case Meaning::As::Degree:
        return degree();
      case Meaning::As::Sign:
        return put(TokenKind::Sign, std::string(meaning.text));
      case Meaning::As::Letter:
        return put(TokenKind::Letter, std::string(meaning.text));
      case Meaning::As::Command:
        return put(TokenKind::Command, std::string(meaning.text));
      case Meaning::As::Words:
        return words();
      case Meaning::As::Accent:
        return accent(meaning.text);
    }
  }

  /// "^\circ" and "^{\circ}": the raised group goes too.
  void degree() {
    const auto is = [&](char c) {
      return !out_.empty() && out_.back().text[0] == c && out_.back().kind == TokenKind::Sign;
    };
    const bool grouped = is('{');
    if (grouped) out_.pop_back();
    if (is('^')) out_.pop_back();
    if (!grouped) return;
    while (is_blank(peek(0))) ++at_;
    if (peek(0) == '}') ++at_;
  }

  /// The group at the front without its braces, or the one character there.
  std::string group() {
    while (is_blank(peek(0))) ++at_;
    if (peek(0) != '{') return at_ < text_.size() ? std::string(1, text_[at_++]) : "";
    const auto start = ++at_;
    for (int depth = 1; at_ < text_.size(); ++at_) {
      if (text_[at_] == '{') ++depth;
      if (text_[at_] == '}' && --depth == 0) return text_.substr(start, at_++ - start);
    }
    broken_ = true;
    return {};
  }

  void words() {
    auto text = to_lower_ascii(group());
    for (const std::string_view drop : {"\\left", "\\right", " ", "(", ")", "\\", "$", "~", "{", "}"})
      text = replace_all(text, drop, "");
    if (text.empty()) return;
    if (text == "and" || text == "or" || text == ",and" || text == ",or" || text == ",")
      return put(TokenKind::Sign, ",");
    if (text == "percent" || text == "percentage" || text == "%") return put(TokenKind::Sign, "%");
    if (text.ends_with('.')) text.pop_back();
    put(TokenKind::Words, std::move(text));
  }

  void accent(std::string_view name) {
    put(TokenKind::Letter, std::string(name) + "{" + replace_all(to_lower_ascii(group()), " ", "") + "}");
  }

  void command() {
    ++at_;
    const auto start = at_;
    while (is_letter(peek(0))) ++at_;
    if (at_ == start) return escaped();
    const auto name = text_.substr(start, at_ - start);
    if (name == "mathbb") return put(TokenKind::Command, "mathbb" + group());
    if (name == "begin" || name == "end") return put(TokenKind::Command, name + group());
    if (const auto* meaning = find_meaning(name, commands())) return put_meaning(*meaning);
    put(TokenKind::Command, name);
  }

  /// A backslash before a sign.
  void escaped() {
    const char c = peek(0);
    ++at_;
    if (c == '{') return put(TokenKind::Sign, {sign::kOpenBrace});
    if (c == '}') return put(TokenKind::Sign, {sign::kCloseBrace});
    if (c == '\\') return put(TokenKind::Sign, {sign::kNewRow});
    if (c == '%' || c == '|') return put(TokenKind::Sign, std::string(1, c));
    if (is_blank(c)) glued_ = false;
  }

  void sign(char c) {
    const char next = peek(0);
    const bool doubled = next == '=' && (c == '<' || c == '>' || c == '!');
    if (doubled) ++at_;
    if (c == '$' || c == '"' || c == '\'' || c == '.' || c == '?') return;
    if (c == '<' && doubled)
      c = sign::kAtMost;
    else if (c == '>' && doubled)
      c = sign::kAtLeast;
    else if (c == '!' && !doubled)
      c = sign::kFactorial;
    else if (c == ':')
      c = '/';
    else if (c == '*' && next == '*')
      ++at_, c = '^';
    put(TokenKind::Sign, std::string(1, c));
  }

  std::string text_;
  std::size_t at_ = 0;
  bool glued_ = true, broken_ = false;
  std::vector<Token> out_;
};

/// Characters beyond ASCII by the LaTeX that means the same.
std::string in_ascii(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      out += text[i++];
      continue;
    }
    const auto names = characters();
    const auto it =
        std::ranges::find_if(names, [&](const auto& row) { return text.substr(i).starts_with(row.first); });
    out += it == names.end() ? std::string_view(text).substr(i, 1) : it->second;
    i += it == names.end() ? 1 : it->first.size();
  }
  return out;
}

bool is_sign(const Token& token, char c) {
  return token.kind == TokenKind::Sign && token.text[0] == c;
}

/// The letters at the end as a word; its first token's index.
std::pair<std::string, std::size_t> last_word(const std::vector<Token>& tokens) {
  std::size_t start = tokens.size();
  while (start > 0 && tokens[start - 1].kind == TokenKind::Letter && tokens[start - 1].text.size() == 1) {
    --start;
    if (!tokens[start].glued) break;
  }
  std::string word;
  for (auto i = start; i < tokens.size(); ++i) word += tokens[i].text;
  return {word, start};
}

/// Index behind which the raised small number of "cm^2" begins, or the size.
std::size_t without_exponent(const std::vector<Token>& tokens) {
  const auto n = tokens.size();
  if (n >= 2 && tokens[n - 1].kind == TokenKind::Number && is_sign(tokens[n - 2], '^')) return n - 2;
  if (n >= 4 && is_sign(tokens[n - 1], '}') && tokens[n - 2].kind == TokenKind::Number &&
      is_sign(tokens[n - 3], '{') && is_sign(tokens[n - 4], '^'))
    return n - 4;
  return n;
}

/// Whether a quantity may end with this token.
bool ends_quantity(const Token& token) {
  constexpr std::string_view kClosing = ")]}|%";
  if (token.kind == TokenKind::Sign)
    return kClosing.find(token.text[0]) != kClosing.npos || token.text[0] == sign::kCloseBrace;
  return token.kind != TokenKind::Words;
}

bool drop_last_unit(std::vector<Token>& tokens, const std::vector<Token>* others) {
  const auto end = without_exponent(tokens);
  if (end >= 2 && tokens[end - 1].kind == TokenKind::Words && ends_quantity(tokens[end - 2])) {
    tokens.resize(end - 1);
    return true;
  }
  const auto [word, start] = last_word({tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(end)});
  if (start == 0 || !is_unit(word) || (tokens[start - 1].kind != TokenKind::Number && word.size() < 2))
    return false;
  const auto has = [&](const Token& t) { return t.kind == TokenKind::Letter && word == t.text; };
  if (word.size() == 1 && (others == nullptr || std::ranges::any_of(*others, has))) return false;
  tokens.resize(start);
  return true;
}

}  // namespace

std::optional<std::vector<Token>> tokens(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  return Tokeniser(in_ascii(text)).run();
}

void drop_unit(std::vector<Token>& tokens, const std::vector<Token>* others) {
  for (int i = 0; i < 3 && drop_last_unit(tokens, others); ++i) continue;
}

void join_thousands(std::vector<Token>& tokens) {
  const std::size_t first = !tokens.empty() && is_sign(tokens[0], '-') ? 1 : 0;
  const std::size_t last = !tokens.empty() && is_sign(tokens.back(), '%') ? tokens.size() - 1 : tokens.size();
  if (last < first + 3) return;
  std::string value;
  for (auto i = first; i < last; ++i) {
    const bool mark = (i - first) % 2 == 1;
    const auto& text = tokens[i].text;
    if (i > first && !tokens[i].glued) return;
    if (mark ? !is_sign(tokens[i], ',') : tokens[i].kind != TokenKind::Number) return;
    const auto whole = std::min(text.find('.'), text.size());
    if (!mark && (i == first ? whole > 3 : whole != 3 || (whole < text.size() && i + 1 < last))) return;
    if (!mark) value += text;
  }
  tokens[first].text = value;
  tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(first) + 1,
               tokens.begin() + static_cast<std::ptrdiff_t>(last));
}

}  // namespace ipw::evaluation::math
