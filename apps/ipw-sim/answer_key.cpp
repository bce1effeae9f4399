// SPDX-License-Identifier: Apache-2.0
#include "answer_key.h"

#include <fmt/format.h>

#include <map>
#include <memory>

#include "ipw/base/text.h"
#include "ipw/datasets/dataset.h"

namespace ipw::sim {

std::string wrong_answer(const std::string& right, std::size_t choices) {
  if (choices > 1 && right.size() == 1) {
    const auto letter = static_cast<std::size_t>(right[0] - 'A');
    return std::string(1, static_cast<char>('A' + (letter + 1) % choices));
  }
  if (const auto number = parse_int(right)) return fmt::format("{}", *number + 1);
  return "unknown";
}

AnswerKey bundled_answers(const std::filesystem::path& data_dir) {
  auto answers = std::make_shared<std::map<std::string, KnownAnswer, std::less<>>>();
  for (const char* id : {"ipw-mini", "ipw-tiny"}) {
    datasets::DatasetOptions options;
    options.data_dir = (data_dir / "data").string();
    const auto dataset = datasets::open_dataset(id, options);
    for (datasets::Question question; dataset->next(question);)
      answers->emplace(question.problem,
                       KnownAnswer{question.answer, wrong_answer(question.answer, question.choices.size())});
  }
  return [answers](std::string_view prompt) -> std::optional<KnownAnswer> {
    const auto found = answers->find(prompt);
    return found == answers->end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace ipw::sim
