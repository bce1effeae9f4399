// SPDX-License-Identifier: Apache-2.0
// The order of the places is that of Math-Verify (github.com/huggingface/Math-Verify, parser.py); the line
// "ANSWER: ..." without a formula in it is ours, as simple-evals asks for it.
#include "ipw/evaluation/math_answer.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "ipw/base/text.h"
#include "ipw/evaluation/math_words.h"

namespace ipw::evaluation::math {
namespace {

constexpr std::size_t kNear = 50, kMostTexts = 8, kMostBoxes = 30;

struct Place {
  std::size_t begin, end;
  std::string text;
};

bool blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Boxes.

struct Box {
  std::size_t begin, end;
  std::string_view content;
};

/// The box that begins at `at`; one that is never closed holds the rest.
std::optional<Box> box_at(std::string_view text, std::size_t at, std::size_t name) {
  auto i = at + name;
  while (i < text.size() && blank(text[i])) ++i;
  if (i >= text.size()) return std::nullopt;
  if (text[i] != '{') return Box{at, text.size(), text.substr(i)};
  const auto start = i + 1;
  for (int depth = 0; i < text.size(); ++i) {
    depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
    if (depth == 0) return Box{at, i + 1, text.substr(start, i - start)};
  }
  return Box{at, text.size(), text.substr(start)};
}

std::vector<Box> boxes(std::string_view text) {
  std::vector<Box> out;
  for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at + 1)) {
    const auto rest = text.substr(at);
    const std::size_t name = rest.starts_with("\\boxed") ? 6 : rest.starts_with("\\fbox") ? 5 : 0;
    if (name == 0 || (!out.empty() && at < out.back().end)) continue;
    if (auto box = box_at(text, at, name)) out.push_back(*box);
  }
  return out;
}

/// Two boxes side by side, or joined by "and", "or" or a comma, are one answer.
bool belong_together(std::string_view text, const Box& a, const Box& b) {
  static const re2::RE2 kJoin(R"(\b(?:and|or)\b|,|;)");
  constexpr std::size_t kTouching = 10, kJoined = 70;
  const auto between = text.substr(a.end, b.begin - a.end);
  if (between.size() < kTouching) return true;
  return between.size() < kJoined && a.content != b.content &&
         re2::RE2::PartialMatch(re2::StringPiece(between.data(), between.size()), kJoin);
}

std::string last_boxed(std::string_view text) {
  const auto all = boxes(text);
  if (all.empty()) return {};
  std::string out(trim(all.back().content));
  for (auto i = all.size() - 1;
       i > 0 && all.size() - i < kMostBoxes && belong_together(text, all[i - 1], all[i]); --i)
    if (trim(all[i - 1].content) != trim(all[i].content))
      out = std::string(trim(all[i - 1].content)) + "," + out;
  return out;
}

// Formulas.

struct Fence {
  std::string_view open, close;
  bool one_line;
};
constexpr Fence kFences[] = {
    {"$$", "$$", false}, {"\\[", "\\]", false}, {"$", "$", true}, {"\\(", "\\)", true}};

/// Finds formulas from left to right. A close that was looked for in vain is not looked for again, so that
/// many opened fences cost no more than one.
class Fences {
 public:
  explicit Fences(std::string_view text) : text_(text) {}

  std::optional<Place> at(std::size_t at) {
    for (std::size_t i = 0; i < std::size(kFences); ++i) {
      const auto& fence = kFences[i];
      if (!text_.substr(at).starts_with(fence.open) || escaped(at, fence)) continue;
      const auto from = at + fence.open.size();
      if (const auto to = close(from, i); to != text_.npos)
        return Place{at, to + fence.close.size(), std::string(text_.substr(from, to - from))};
    }
    return std::nullopt;
  }

 private:
  bool escaped(std::size_t at, const Fence& fence) const {
    if (at == 0) return false;
    const char before = text_[at - 1];
    return before == '\\' || (fence.open == "$" && before >= '0' && before <= '9');
  }

  /// The close that is not behind a backslash, or npos.
  std::size_t close(std::size_t from, std::size_t fence) {
    if (from < none_until_[fence]) return text_.npos;
    const auto& mark = kFences[fence].close;
    if (from > line_end_ || line_end_ == 0) line_end_ = std::min(text_.find('\n', from), text_.size());
    const auto end = kFences[fence].one_line ? line_end_ : text_.size();
    const auto range = text_.substr(0, end);
    for (auto i = range.find(mark, from); i != range.npos; i = range.find(mark, i + 1))
      if (i > from && (mark[0] == '\\' || range[i - 1] != '\\')) return i;
    none_until_[fence] = end;
    return text_.npos;
  }

  std::string_view text_;
  std::size_t none_until_[std::size(kFences)] = {}, line_end_ = 0;
};

std::optional<Place> bare_fraction_at(std::string_view text, std::size_t at) {
  static const re2::RE2 kFraction(R"((-?\\frac\{-?\d+(?:[.,]\d+)?\}\{-?\d+(?:[.,]\d+)?\}))");
  re2::StringPiece rest(text.data() + at, text.size() - at), found;
  if (!rest.starts_with("\\frac") && !rest.starts_with("-\\frac")) return std::nullopt;
  if (!re2::RE2::Consume(&rest, kFraction, &found)) return std::nullopt;
  return Place{at, at + found.size(), std::string(found)};
}

void add_percent(std::string_view text, Place& place) {
  static const re2::RE2 kPercent(R"(\s*(?:\\?%|[Pp]ercentage|[Pp]ercent|[Pp]ct))");
  re2::StringPiece rest(text.data() + place.end, text.size() - place.end);
  const auto before = rest.size();
  if (!re2::RE2::Consume(&rest, kPercent)) return;
  place.end += before - rest.size();
  place.text += "\\%";
}

std::vector<Place> formulas(std::string_view text) {
  std::vector<Place> out;
  Fences fences(text);
  for (auto at = text.find_first_of("$\\-"); at != text.npos; at = text.find_first_of("$\\-", at)) {
    auto place = fences.at(at);
    if (!place) place = bare_fraction_at(text, at);
    if (!place) {
      ++at;
      continue;
    }
    add_percent(text, *place);
    at = place->end;
    out.push_back(std::move(*place));
  }
  return out;
}

/// "$1$, $2$ and $3$" is one answer of three items.
std::vector<Place> joined(std::string_view text, std::vector<Place> all) {
  static const re2::RE2 kJoin(R"(\s*(?:,?and|,?or|,)\s*)");
  std::vector<Place> out;
  for (auto& place : all) {
    const auto between =
        out.empty() ? std::string_view("x") : text.substr(out.back().end, place.begin - out.back().end);
    if (!re2::RE2::FullMatch(re2::StringPiece(between.data(), between.size()), kJoin)) {
      out.push_back(std::move(place));
      continue;
    }
    out.back().end = place.end;
    out.back().text += "," + place.text;
  }
  return out;
}

// Numbers in prose.

const re2::RE2& number_pattern() {
  // A calculation such as 3/4 or (1+2)*3 with something behind it that ends it, or a number.
  static const re2::RE2 kPattern(
      R"((?:^|\s|=)(?:\*\*)?(?:(-?\(?-?\d[\d.\s+\-*×/^()÷]*[+\-*×/^()÷][\d.\s+\-*×/^()÷]+\)?)(?:\*\*)?(?:[.,:\s)$]|$)|)"
      R"([$€£¥₹]?(-?[1-9]\d{0,2}(?:[ ,]\d{3})+(?:\.\d+)?|-?\d+[.,]\d+|\.\d+|-?\d+)(\s*(?:%|[Pp]ercentage|[Pp]ercent|[Pp]ct))?))");
  return kPattern;
}

/// "1 234,5" as "1234.5".
std::string plain_number(std::string_view text) {
  static const re2::RE2 kGroups(R"(-?[1-9]\d{0,2}(?:[ ,]\d{3})+(?:\.\d+)?)");
  std::string out(text);
  const bool grouped = re2::RE2::FullMatch(out, kGroups);
  std::erase(out, ' ');
  return replace_all(out, ",", grouped ? "" : ".");
}

std::vector<Place> numbers(std::string_view text) {
  std::vector<Place> out;
  re2::StringPiece rest(text.data(), text.size()), term, number, percent;
  while (re2::RE2::FindAndConsume(&rest, number_pattern(), &term, &number, &percent)) {
    const auto& found = number.empty() ? term : number;
    const auto begin = static_cast<std::size_t>(found.data() - text.data());
    const auto end = begin + found.size() + (number.empty() ? 0 : percent.size());
    const std::string_view view(found.data(), found.size());
    out.push_back(
        {begin, end,
         number.empty() ? std::string(trim(view)) : plain_number(view) + (percent.empty() ? "" : "\\%")});
    rest = re2::StringPiece(text.data() + end, text.size() - end);
  }
  return out;
}

// The word "answer".

struct Anchor {
  std::size_t end;
  bool colon;
};

std::vector<Anchor> anchors(std::string_view text) {
  static const re2::RE2 kAnswer(R"((?i)answer(:?))");
  std::vector<Anchor> out;
  re2::StringPiece rest(text.data(), text.size()), colon;
  while (re2::RE2::FindAndConsume(&rest, kAnswer, &colon))
    out.push_back({static_cast<std::size_t>(rest.data() - text.data()), !colon.empty()});
  return out;
}

/// The first place that begins at most `reach` bytes behind the anchor.
const Place* first_behind(const std::vector<Place>& places, std::size_t anchor, std::size_t reach) {
  const auto it = std::ranges::lower_bound(places, anchor, {}, &Place::begin);
  return it != places.end() && it->begin - anchor <= reach ? &*it : nullptr;
}

bool followed_by_equals(std::string_view text, std::size_t at) {
  while (at < text.size() && blank(text[at])) ++at;
  return at < text.size() && text[at] == '=';
}

/// The number behind "answer ... =" on the same line, else the first number behind it.
const Place* number_behind(std::string_view text, const std::vector<Place>& places, std::size_t anchor) {
  const auto line_end = std::min(text.find('\n', anchor), text.size());
  const auto equals = text.substr(anchor, std::min(line_end - anchor, 2 * kNear)).rfind('=');
  if (equals != text.npos)
    if (const auto* place = first_behind(places, anchor + equals, 4); place != nullptr) return place;
  const auto* place = first_behind(places, anchor, kNear + 3);
  return place != nullptr && place->begin < line_end && !followed_by_equals(text, place->end) ? place
                                                                                              : nullptr;
}

/// Of a line "ANSWER: 2\sqrt{3}" what follows, if it is notation and no sentence.
std::string bare_line(std::string_view text, const Anchor& anchor) {
  static const re2::RE2 kWord(R"((^|[^\\a-zA-Z])([a-zA-Z]{2,}))");
  auto line = text.substr(anchor.end, text.find('\n', anchor.end) - anchor.end);
  std::string plain(trim(line));
  if (plain.ends_with('.')) plain.pop_back();
  if (!plain.empty() && std::ranges::all_of(plain, letter)) return plain;
  const bool notation =
      plain.find_first_of("\\^√π=()[]{}") != plain.npos || std::ranges::any_of(plain, letter);
  if (!notation || plain.find('$') != plain.npos || plain.find("\\(") != plain.npos ||
      plain.find("\\[") != plain.npos)
    return {};
  re2::StringPiece rest(plain), before, word;
  while (re2::RE2::FindAndConsume(&rest, kWord, &before, &word))
    if (find_meaning(to_lower_ascii(std::string_view(word.data(), word.size())), plain_words()) == nullptr)
      return {};
  return plain;
}

/// Marks of bold text as spaces; "2**3" stays.
std::string without_bold(std::string_view text) {
  constexpr std::string_view kOperands = "0123456789()xy";
  std::string out(text);
  const auto operand = [&](std::size_t i) {
    return i < out.size() && kOperands.find(out[i]) != kOperands.npos;
  };
  for (auto at = out.find("**"); at != out.npos; at = out.find("**", at + 2))
    if (at == 0 || !operand(at - 1) || !operand(at + 2)) out[at] = out[at + 1] = ' ';
  return out;
}

class Search {
 public:
  explicit Search(std::string text)
      : text_(std::move(text)), formulas_(joined(text_, formulas(text_))), numbers_(numbers(text_)) {}

  std::vector<std::string> run() {
    take(last_boxed(text_));
    const auto all = anchors(text_);
    if (!all.empty() && all.back().colon) take(bare_line(text_, all.back()));
    take_behind(all, true);
    take_behind(all, false);
    take_last();
    return std::move(out_);
  }

 private:
  void take(std::string text) {
    if (!trim(text).empty() && out_.size() < kMostTexts && std::ranges::find(out_, text) == out_.end())
      out_.push_back(std::move(text));
  }

  void take(std::vector<const Place*> places) {
    std::ranges::stable_sort(places, [](const Place* a, const Place* b) {
      return a->end != b->end ? a->end > b->end : a->begin < b->begin;
    });
    for (const auto* place : places) take(place->text);
  }

  void take_behind(const std::vector<Anchor>& all, bool colon) {
    std::vector<const Place*> places;
    const auto first = all.size() > kMostTexts ? all.size() - kMostTexts : 0;
    for (auto i = first; i < all.size(); ++i) {
      if (colon && !all[i].colon) continue;
      if (const auto* f = first_behind(formulas_, all[i].end, kNear); f != nullptr) places.push_back(f);
      if (const auto* n = number_behind(text_, numbers_, all[i].end); n != nullptr) places.push_back(n);
    }
    take(std::move(places));
  }

  void take_last() {
    std::vector<const Place*> places;
    for (const auto* all : {&formulas_, &numbers_})
      for (auto i = all->size(); i > 0 && all->size() - i < kMostTexts; --i) places.push_back(&(*all)[i - 1]);
    take(std::move(places));
  }

  std::string text_;
  std::vector<Place> formulas_, numbers_;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> answer_texts(std::string_view response) {
  return Search(without_bold(response)).run();
}

}  // namespace ipw::evaluation::math
