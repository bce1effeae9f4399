// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/ifeval_checks.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ipw/evaluation/python_text.h"

namespace ipw::evaluation::ifeval {
namespace {

using python::count_matches;
using python::lower;
using python::strip;

/// A pattern of the data: \w and \b of Python know letters of all scripts, those of RE2 do not.
std::string ignoring_case(const std::string& pattern) {
  return "(?i)" + pattern;
}

bool keywords_exist(const std::string& response, const Arguments& a) {
  return std::ranges::all_of(a.texts("keywords"),
                             [&](const auto& k) { return count_matches(ignoring_case(k), response) > 0; });
}
bool keyword_frequency(const std::string& response, const Arguments& a) {
  return a.holds(count_matches(ignoring_case(std::string(strip(a.text("keyword")))), response), "frequency");
}
bool forbidden_words(const std::string& response, const Arguments& a) {
  constexpr std::string_view kNoWord = R"([^\pL\pN_])";
  return std::ranges::none_of(a.texts("forbidden_words"), [&](const auto& word) {
    return count_matches(fmt::format("(?i)(?:^|{0})(?:{1})(?:$|{0})", kNoWord, word), response) > 0;
  });
}
bool letter_frequency(const std::string& response, const Arguments& a) {
  const auto letter = lower(a.text("letter"));
  return a.holds(count_matches(re2::RE2::QuoteMeta(letter), lower(response)), "let_frequency",
                 "let_relation");
}

bool response_language(const std::string& response, const Arguments& a) {
  const auto language = language_of(response);
  return language.empty() || language == a.text("language");
}

bool number_of_sentences(const std::string& response, const Arguments& a) {
  return a.holds(count_sentences(response), "num_sentences");
}
bool number_of_words(const std::string& response, const Arguments& a) {
  return a.holds(count_matches(fmt::format("{}+", python::kWord), response), "num_words");
}

/// Parts between dividers; an empty one is only allowed at the ends and does not count.
std::vector<std::string_view> parts(std::string_view text, std::string_view divider, bool& broken) {
  auto out = python::split(text, divider);
  for (std::size_t i = 0; i < out.size(); ++i)
    broken = broken || (i > 0 && i + 1 < out.size() && strip(out[i]).empty());
  std::erase_if(out, [](auto part) { return strip(part).empty(); });
  return out;
}

bool number_of_paragraphs(const std::string& response, const Arguments& a) {
  bool broken = false;
  const auto paragraphs = parts(response, "***", broken);
  return !broken && std::cmp_equal(paragraphs.size(), a.number("num_paragraphs"));
}

std::string first_word(std::string_view paragraph) {
  const auto words = python::split(paragraph);
  if (words.empty()) return {};
  auto word = words.front();
  while (word.starts_with('\'')) word.remove_prefix(1);
  while (word.starts_with('"')) word.remove_prefix(1);
  return lower(word.substr(0, word.find_first_of(".,?!'\"")));
}

bool nth_paragraph_first_word(const std::string& response, const Arguments& a) {
  const auto paragraphs = python::split(response, "\n\n");
  const auto filled = std::ranges::count_if(paragraphs, [](auto p) { return !strip(p).empty(); });
  const auto nth = a.number("nth_paragraph");
  if (nth < 1 || nth > filled) return false;
  const auto paragraph = strip(paragraphs[static_cast<std::size_t>(nth - 1)]);
  return !paragraph.empty() && filled == a.number("num_paragraphs") &&
         first_word(paragraph) == lower(a.text("first_word"));
}

bool number_of_placeholders(const std::string& response, const Arguments& a) {
  return std::cmp_greater_equal(count_matches(R"(\[[^\n]*?\])", response), a.number("num_placeholders"));
}
bool postscript(const std::string& response, const Arguments& a) {
  const std::string marker(strip(a.text("postscript_marker")));
  if (marker == "P.P.S")
    return count_matches(fmt::format(R"(p\.{0}?p\.{0}?s)", python::kSpace), lower(response)) > 0;
  if (marker == "P.S.")
    return count_matches(fmt::format(R"(p\.{0}?s\.)", python::kSpace), lower(response)) > 0;
  return count_matches(lower(marker), lower(response)) > 0;
}

bool number_of_bullets(const std::string& response, const Arguments& a) {
  const auto stars = count_matches(fmt::format(R"((?m)^{}*\*[^*][^\n]*$)", python::kSpace), response);
  const auto dashes = count_matches(fmt::format(R"((?m)^{}*-[^\n]*$)", python::kSpace), response);
  return std::cmp_equal(stars + dashes, a.number("num_bullets"));
}
bool constrained_response(const std::string& response, const Arguments&) {
  constexpr std::array kOptions = {"My answer is yes.", "My answer is no.", "My answer is maybe."};
  return std::ranges::any_of(kOptions, [&](const char* o) { return response.find(o) != response.npos; });
}

bool highlighted_sections(const std::string& response, const Arguments& a) {
  const std::string filled = R"([^\s\v\x{1c}-\x{1f}\x{85}\p{Z}*])";
  std::size_t count = 0;
  for (const char* pattern : {R"((\*[^\n*]*\*))", R"((\*\*[^\n*]*\*\*))"}) {
    const re2::RE2 compiled(pattern), content(filled);
    re2::StringPiece rest(response), found;
    while (re2::RE2::FindAndConsume(&rest, compiled, &found))
      count += re2::RE2::PartialMatch(found, content) ? 1 : 0;
  }
  return std::cmp_greater_equal(count, a.number("num_highlights"));
}

bool multiple_sections(const std::string& response, const Arguments& a) {
  const auto mark = std::string(strip(a.text("section_spliter")));
  return std::cmp_greater_equal(
      count_matches(fmt::format(R"({}{}?\p{{Nd}}+)", mark, python::kSpace), response),
      a.number("num_sections"));
}

bool json_format(const std::string& response, const Arguments&) {
  auto text = strip(response);
  for (const std::string_view fence : {"```json", "```Json", "```JSON", "```"})
    if (text.starts_with(fence)) text.remove_prefix(fence.size());
  if (text.ends_with("```")) text.remove_suffix(3);
  return parse_json(strip(text)).has_value();
}

bool title(const std::string& response, const Arguments&) {
  static const re2::RE2 kTitle(R"((<<[^\n]+>>))");
  re2::StringPiece rest(response), found;
  while (re2::RE2::FindAndConsume(&rest, kTitle, &found)) {
    std::string_view inner(found.data(), found.size());
    while (inner.starts_with('<')) inner.remove_prefix(1);
    while (inner.ends_with('>')) inner.remove_suffix(1);
    if (!strip(inner).empty()) return true;
  }
  return false;
}

bool two_responses(const std::string& response, const Arguments&) {
  bool broken = false;
  const auto responses = parts(response, "******", broken);
  return !broken && responses.size() == 2 && strip(responses[0]) != strip(responses[1]);
}
bool repeat_prompt(const std::string& response, const Arguments& a) {
  return lower(strip(response)).starts_with(lower(strip(a.text("prompt_to_repeat"))));
}
bool end_phrase(const std::string& response, const Arguments& a) {
  auto text = strip(response);
  while (text.starts_with('"')) text.remove_prefix(1);
  while (text.ends_with('"')) text.remove_suffix(1);
  return lower(text).ends_with(lower(strip(a.text("end_phrase"))));
}
bool quotation(const std::string& response, const Arguments&) {
  const auto text = strip(response);
  return text.size() > 1 && text.front() == '"' && text.back() == '"';
}

/// Where no language can be told, the text counts as English, as officially.
bool is_english(const std::string& response) {
  const auto language = language_of(response);
  return language.empty() || language == "en";
}
bool all_capital(const std::string& response, const Arguments&) {
  return python::is_upper(response) && is_english(response);
}
bool all_lowercase(const std::string& response, const Arguments&) {
  return python::is_lower(response) && is_english(response);
}
bool capital_words(const std::string& response, const Arguments& a) {
  const auto words = word_tokens(response);
  const auto count = std::ranges::count_if(words, [](const auto& w) { return python::is_upper(w); });
  return a.holds(static_cast<std::size_t>(count), "capital_frequency", "capital_relation");
}
bool no_comma(const std::string& response, const Arguments&) {
  return response.find(',') == response.npos;
}

constexpr std::array kInstructions = {
    Instruction{"change_case:capital_word_frequency", &capital_words},
    Instruction{"change_case:english_capital", &all_capital},
    Instruction{"change_case:english_lowercase", &all_lowercase},
    Instruction{"combination:repeat_prompt", &repeat_prompt},
    Instruction{"combination:two_responses", &two_responses},
    Instruction{"detectable_content:number_placeholders", &number_of_placeholders},
    Instruction{"detectable_content:postscript", &postscript},
    Instruction{"detectable_format:constrained_response", &constrained_response},
    Instruction{"detectable_format:json_format", &json_format},
    Instruction{"detectable_format:multiple_sections", &multiple_sections},
    Instruction{"detectable_format:number_bullet_lists", &number_of_bullets},
    Instruction{"detectable_format:number_highlighted_sections", &highlighted_sections},
    Instruction{"detectable_format:title", &title},
    Instruction{"keywords:existence", &keywords_exist},
    Instruction{"keywords:forbidden_words", &forbidden_words},
    Instruction{"keywords:frequency", &keyword_frequency},
    Instruction{"keywords:letter_frequency", &letter_frequency},
    Instruction{"language:response_language", &response_language},
    Instruction{"length_constraints:nth_paragraph_first_word", &nth_paragraph_first_word},
    Instruction{"length_constraints:number_paragraphs", &number_of_paragraphs},
    Instruction{"length_constraints:number_sentences", &number_of_sentences},
    Instruction{"length_constraints:number_words", &number_of_words},
    Instruction{"punctuation:no_comma", &no_comma},
    Instruction{"startend:end_checker", &end_phrase},
    Instruction{"startend:quotation", &quotation},
};
static_assert(std::ranges::is_sorted(kInstructions, {}, &Instruction::id));

}  // namespace

const Json& Arguments::at(const char* key) const {
  const auto it = json_.find(key);
  if (it == json_.end() || it->is_null())
    throw std::invalid_argument(fmt::format("the argument '{}' is missing", key));
  return *it;
}

std::string Arguments::text(const char* key) const {
  const auto& value = at(key);
  if (!value.is_string() || value.get_ref<const std::string&>().empty())
    throw std::invalid_argument(fmt::format("the argument '{}' is no text", key));
  return value;
}

long Arguments::number(const char* key) const {
  const auto& value = at(key);
  if (!value.is_number() || value.get<double>() < 1)
    throw std::invalid_argument(fmt::format("the argument '{}' is no count", key));
  return static_cast<long>(value.get<double>());
}

std::vector<std::string> Arguments::texts(const char* key) const {
  std::vector<std::string> out;
  for (const auto& item : at(key))
    if (item.is_string()) out.push_back(item);
  if (out.empty()) throw std::invalid_argument(fmt::format("the argument '{}' is no list of texts", key));
  return out;
}

bool Arguments::holds(std::size_t count, const char* key, const char* relation) const {
  const auto how = text(relation);
  if (how == "less than") return std::cmp_less(count, number(key));
  if (how == "at least") return std::cmp_greater_equal(count, number(key));
  throw std::invalid_argument(fmt::format("the relation '{}' is neither 'less than' nor 'at least'", how));
}

std::span<const Instruction> instructions() {
  return kInstructions;
}

}  // namespace ipw::evaluation::ifeval
