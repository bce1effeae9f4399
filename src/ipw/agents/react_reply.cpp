// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react_reply.h"

#include <algorithm>
#include <array>

#include "ipw/base/braced.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr std::size_t kMostCalls = 16;
constexpr std::string_view kMarkup = " \t*#_`>-";

enum class Label { None, Thought, Action, Input, Answer, Observation };

struct Spelling {
  std::string_view word;
  Label label;
};
constexpr std::array kSpellings = {
    Spelling{"thought", Label::Thought},
    Spelling{"action input", Label::Input},
    Spelling{"action_input", Label::Input},
    Spelling{"action", Label::Action},
    Spelling{"input", Label::Input},
    Spelling{"final_answer", Label::Answer},
    Spelling{"final answer", Label::Answer},
    Spelling{"final", Label::Answer},
    Spelling{"observation", Label::Observation},
};

std::string_view without(std::string_view text, std::string_view characters) {
  const auto begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

/// A line's label and what stands behind it; the whole line where it has none.
std::pair<Label, std::string_view> label_of(std::string_view line) {
  const auto begin = std::min(line.find_first_not_of(kMarkup), line.size());
  const auto rest = line.substr(begin);
  for (const auto& [word, label] : kSpellings) {
    if (!iequals_ascii(rest.substr(0, word.size()), word)) continue;
    auto behind = rest.substr(word.size());
    if (label == Label::Observation) return {label, {}};
    while (behind.starts_with('*') || behind.starts_with('_') || behind.starts_with(' '))
      behind.remove_prefix(1);
    if (!behind.starts_with(':')) continue;
    behind.remove_prefix(1);
    while (behind.starts_with('*')) behind.remove_prefix(1);
    return {label, behind};
  }
  return {Label::None, line};
}

/// The object that the text begins with; all of it where it begins with none.
std::string_view object_of(std::string_view text) {
  const auto object = braced(text);
  return object.empty() ? text : object;
}

std::string input_of(std::string_view text) {
  text = trim(text);
  if (text.starts_with("```")) {
    const auto line = text.find('\n');
    text = line == std::string_view::npos ? without(text, "`") : text.substr(line + 1);
    text = trim(text.substr(0, text.find("```")));
  } else if (text.size() > 1 && text.starts_with('`') && text.ends_with('`')) {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(object_of(trim(text)));
}

/// "name", "`name`", "name {...}" and "name({...})".
ToolCall action_of(std::string_view text) {
  ToolCall out;
  text = without(trim(text.substr(0, text.find('\n'))), "*`\"' ");
  const auto end = text.find_first_of(" \t({");
  out.name = without(text.substr(0, end), "*`\"'[]().");
  if (end == std::string_view::npos) return out;
  auto rest = trim(text.substr(end));
  if (rest.starts_with('(')) {
    rest.remove_prefix(1);
    if (rest.ends_with(')')) rest.remove_suffix(1);
  }
  if (trim(rest).starts_with('{')) out.arguments = input_of(rest);
  return out;
}

bool names_no_tool(std::string_view name) {
  return name.empty() || iequals_ascii(name, "none") || iequals_ascii(name, "n/a");
}

class Reader {
 public:
  /// Take one labelled piece; false: the rest is not to be read.
  bool take(Label label, const std::string& text) {
    if (label == Label::Observation && !reply_.calls.empty()) return false;
    if (label == Label::Thought || label == Label::None) reply_.thought += std::string(trim(text));
    if (label == Label::Action) begin_call(text);
    if (label == Label::Input && open_) {
      reply_.calls.back().arguments = input_of(text);
      open_ = false;
    }
    if (label == Label::Answer && reply_.calls.empty()) reply_.final_answer = std::string(trim(text));
    return label != Label::Answer;
  }
  TextReply reply() && { return std::move(reply_); }

 private:
  void begin_call(std::string_view text) {
    auto call = action_of(trim(text));
    open_ = !names_no_tool(call.name) && reply_.calls.size() < kMostCalls;
    if (open_) reply_.calls.push_back(std::move(call));
  }

  TextReply reply_;
  bool open_ = false;  ///< the last call has no input yet
};

}  // namespace

std::string without_reasoning(std::string_view text) {
  constexpr std::string_view kBegin = "<think>", kEnd = "</think>";
  std::string out;
  while (true) {
    const auto begin = text.find(kBegin), end = text.find(kEnd);
    if (end == std::string_view::npos) {
      out += text.substr(0, begin);
      return std::string(trim(out));
    }
    if (begin < end) out += text.substr(0, begin);
    text.remove_prefix(end + kEnd.size());
  }
}

TextReply read_text_reply(std::string_view text) {
  const auto kept = without_reasoning(text);
  Reader reader;
  Label label = Label::None;
  std::string piece;
  bool goes_on = true;
  for (const auto line : split(kept, '\n')) {
    const auto [next, rest] = label == Label::Answer ? std::pair{Label::None, line} : label_of(line);
    if (next == Label::None) {
      piece += std::string(rest) + "\n";
      continue;
    }
    goes_on = reader.take(label, piece);
    if (!goes_on) break;
    label = next;
    piece = std::string(rest) + "\n";
  }
  if (goes_on) reader.take(label, piece);
  return std::move(reader).reply();
}

}  // namespace ipw::agents
