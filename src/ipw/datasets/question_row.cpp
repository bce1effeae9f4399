// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/question_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::datasets {
namespace {

using Names = std::span<const std::string_view>;
constexpr std::string_view kProblem[] = {"problem", "question", "prompt", "input", "instruction"};
constexpr std::string_view kAnswer[] = {"answer", "target",   "label",    "expected_answer",
                                        "gold",   "solution", "answerkey"};
constexpr std::string_view kSubject[] = {"subject", "category", "topic"};
constexpr std::string_view kChoices[] = {"choices", "options"};
constexpr std::string_view kId[] = {"id", "question_id", "uuid"};
constexpr std::size_t kMostOptions = 26;  // A to Z
constexpr std::string_view kScorer[] = {"scorer"};

std::string text_of(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

/// A row, and which of its columns were read; the rest is metadata.
class Columns {
 public:
  Columns(const Json& row, std::string_view place) : row_(row), place_(place) {}

  [[noreturn]] void fail(std::string_view what, std::string_view hint) const {
    throw Error(ErrorCode::Format, fmt::format("{}: {}", place_, what), std::string(hint));
  }

  /// The named column, which must exist, else the first recognised one that is not null, else null.
  const Json* take(const std::optional<std::string>& named, Names recognised) {
    if (named) {
      const auto it = row_.find(*named);
      if (it == row_.end()) fail(fmt::format("there is no column '{}'", *named), "it has: " + present());
      taken_.insert(*named);
      return &*it;
    }
    for (const auto name : recognised)
      for (const auto& [key, value] : row_.items())
        if (!value.is_null() && iequals_ascii(key, name)) {
          taken_.insert(key);
          return &value;
        }
    return nullptr;
  }

  std::string take_text(const std::optional<std::string>& named, Names recognised) {
    const Json* value = take(named, recognised);
    return value ? std::string(trim(text_of(*value))) : std::string();
  }

  std::string require_text(const std::optional<std::string>& named, Names recognised) {
    const Json* value = take(named, recognised);
    const auto kind = recognised.front();
    if (!value)
      fail(fmt::format("no {} column ({})", kind, fmt::join(recognised, ", ")),
           fmt::format("name it with --dataset-param {}=COLUMN; the row has: {}", kind, present()));
    if (trim(text_of(*value)).empty())
      fail(fmt::format("the {} is empty", kind), "fill it in or remove the row");
    return text_of(*value);
  }

  /// What no one took; an object in the column "metadata" lies open in it.
  std::string rest() const {
    Json out = Json::object();
    for (const auto& [key, value] : row_.items()) {
      if (taken_.contains(key)) continue;
      if (key == "metadata" && value.is_object())
        out.update(value);
      else
        out[key] = value;
    }
    return dump_json(out);
  }

 private:
  std::string present() const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : row_.items()) keys.push_back(key);
    return join(keys, ", ");
  }

  const Json& row_;
  std::string_view place_;
  std::set<std::string> taken_;
};

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list) out.push_back(text_of(item));
  return out;
}

/// Options and, where the data names them otherwise than A, B, C, their labels.
struct Options {
  std::vector<std::string> texts, labels;
};

/// A list, {"text": [...], "label": [...]} as in ARC, or a text: a JSON list or parts between '|'.
Options parse_options(const Json& value) {
  if (value.is_array()) return {texts_of(value), {}};
  if (value.is_object() && value.contains("text") && value["text"].is_array())
    return {texts_of(value["text"]),
            value.contains("label") ? texts_of(value["label"]) : std::vector<std::string>{}};
  const auto text = text_of(value);
  if (const auto list = parse_json(text); list && list->is_array()) return {texts_of(*list), {}};
  Options out;
  for (const auto part : split(text, '|'))
    if (!trim(part).empty()) out.texts.emplace_back(trim(part));
  return out;
}

Options take_options(Columns& columns, const ColumnNames& names) {
  Options out;
  if (names.choices.size() > 1) {
    for (const auto& name : names.choices) out.texts.push_back(columns.take_text(name, {}));
    return out;
  }
  const auto named = names.choices.empty() ? std::nullopt : std::optional(names.choices.front());
  if (const Json* value = columns.take(named, kChoices)) out = parse_options(*value);
  return out;
}

std::optional<std::size_t> position(const std::vector<std::string>& list, std::string_view text) {
  const auto it = std::ranges::find_if(list, [&](const auto& item) { return trim(item) == text; });
  if (it == list.end()) return std::nullopt;
  return static_cast<std::size_t>(it - list.begin());
}

/// Which option the answer means: its label, its letter, its text, or its index from 0.
std::optional<std::size_t> option_index(std::string_view answer, const Options& options) {
  if (const auto at = position(options.labels, answer); at && *at < options.texts.size()) return at;
  const bool letter =
      answer.size() == 1 && answer[0] >= 'A' && answer[0] < static_cast<char>('A' + options.texts.size());
  if (letter) return static_cast<std::size_t>(answer[0] - 'A');
  if (const auto at = position(options.texts, answer)) return at;
  const auto index = parse_int(answer);
  if (index && *index >= 0 && static_cast<std::size_t>(*index) < options.texts.size())
    return static_cast<std::size_t>(*index);
  return std::nullopt;
}

/// One number as people write references: 12, -3.5, 1,234, $5, 50%.
bool is_number(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  if (text.ends_with('%')) text.remove_suffix(1);
  const auto groups = split(text.substr(0, text.find('.')), ',');
  const bool grouped = std::all_of(groups.begin() + 1, groups.end(), [](auto g) { return g.size() == 3; });
  return grouped && groups.front().size() <= (groups.size() > 1 ? 4U : text.size()) &&
         parse_double(replace_all(std::string(text), ",", "")).has_value();
}

/// The result behind GSM8K's "####", else the whole text.
std::string reference(std::string_view text) {
  const auto mark = text.rfind("####");
  return std::string(trim(mark == std::string_view::npos ? text : text.substr(mark + 4)));
}

}  // namespace

ColumnNames column_names(const Params& params) {
  ColumnNames names{params.get("problem"),
                    params.get("answer"),
                    params.get("subject"),
                    params.get("id"),
                    {},
                    params.get("scorer"),
                    true};
  if (const auto choices = params.get("choices"))
    for (const auto name : split(*choices, ',')) names.choices.emplace_back(trim(name));
  const auto options = params.text("options", "append");
  if (options != "append" && options != "none")
    throw Error(ErrorCode::Usage, fmt::format("parameter options={} is neither append nor none", options));
  names.append_options = options == "append";
  return names;
}

std::string with_options(std::string_view problem, const std::vector<std::string>& choices) {
  std::string out(problem);
  out += "\n\n";
  for (std::size_t i = 0; i < choices.size(); ++i)
    out += fmt::format("{}. {}\n", static_cast<char>('A' + i), choices[i]);
  return out + "\nAnswer with the letter of the correct option.";
}

Question to_question(const Json& row, const ColumnNames& names, std::string_view place) {
  Columns columns(row, place);
  Question out;
  out.problem = columns.require_text(names.problem, kProblem);
  out.answer = reference(columns.require_text(names.answer, kAnswer));
  out.subject = columns.take_text(names.subject, kSubject);
  if (out.subject.empty()) out.subject = "general";
  out.id = columns.take_text(names.id, kId);
  const auto options = take_options(columns, names);
  out.scorer = columns.take_text(std::nullopt, kScorer);
  if (names.scorer) out.scorer = *names.scorer;
  out.choices = options.texts;
  if (out.choices.size() > kMostOptions)
    columns.fail(
        fmt::format("{} options, but there are {} letters for them", out.choices.size(), kMostOptions),
        "name the column of the options with --dataset-param choices=COLUMN");
  if (!out.choices.empty()) {
    const auto index = option_index(out.answer, options);
    if (!index)
      columns.fail(fmt::format("the answer '{}' is no letter, text or index of its {} options", out.answer,
                               out.choices.size()),
                   "give a letter, an option's text, or an index from 0");
    out.answer = std::string(1, static_cast<char>('A' + *index));
    if (names.append_options) out.problem = with_options(out.problem, out.choices);
  }
  if (out.scorer.empty())
    out.scorer = !out.choices.empty() ? "multiple-choice" : is_number(out.answer) ? "numeric" : "exact";
  out.metadata = columns.rest();
  return out;
}

}  // namespace ipw::datasets
