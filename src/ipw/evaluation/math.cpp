// SPDX-License-Identifier: Apache-2.0
// Mathematics: the stated answer is the same object as the reference, whatever it is written like.
#include <fmt/format.h>

#include <optional>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/math_answer.h"
#include "ipw/evaluation/math_equal.h"
#include "ipw/evaluation/math_parse.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

using Tokens = std::vector<math::Token>;

/// A text as it is compared where no tree can be made of it.
std::string spelled(const Tokens& tokens) {
  std::string out;
  const math::Token* last = nullptr;
  for (const auto& t : tokens) {
    if (last != nullptr && last->kind == math::TokenKind::Number && t.kind == last->kind) out += ' ';
    out += t.text;
    last = &t;
  }
  return out;
}

struct Reading {
  Tokens tokens;
  std::optional<math::Expression> tree;
};

Reading read(std::string_view text, const Tokens* reference) {
  Reading out;
  auto tokens = math::tokens(text);
  if (!tokens) return out;
  math::drop_unit(*tokens, reference);
  math::join_thousands(*tokens);
  out.tree = math::parse(*tokens);
  out.tokens = std::move(*tokens);
  return out;
}

bool spelled_alike(const Reading& reference, const Reading& answer) {
  return !answer.tokens.empty() && spelled(reference.tokens) == spelled(answer.tokens);
}

class Math final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const auto reference = read(task.answer, nullptr);
    if (reference.tokens.empty())
      return unscored(fmt::format("the reference '{}' is no mathematical answer", task.answer));
    const auto text = final_text(response);
    const auto found = math::answer_texts(text);
    if (found.empty()) return no_answer(task, text, "answer");
    for (const auto& candidate : found) {
      const auto answer = read(candidate, &reference.tokens);
      if (spelled_alike(reference, answer)) return decided(task, true, candidate);
      if (answer.tree)
        return decided(task, reference.tree && math::equal(*reference.tree, *answer.tree), candidate);
    }
    return decided(task, false, found[0]);
  }
};

}  // namespace

std::unique_ptr<Scorer> make_math() {
  return std::make_unique<Math>();
}

}  // namespace ipw::evaluation
