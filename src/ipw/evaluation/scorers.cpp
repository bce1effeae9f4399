// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/scorer.h"

namespace ipw::evaluation {

std::span<const ScorerEntry> scorers() {
  static constexpr std::array kScorers = {
      ScorerEntry{"contains", "the reference or an alias is named, and no rival is", &make_contains},
      ScorerEntry{"exact", "equal but for case, articles, white space and outer punctuation", &make_exact},
      ScorerEntry{"exact-case", "equal letter by letter, but for outer white space, quotes and a full stop",
                  &make_exact_case},
      ScorerEntry{"gaia", "GAIA's quasi-exact match of numbers, lists and texts", &make_gaia},
      ScorerEntry{"gpqa", "the first \"Answer: X\", as simple-evals reads it", &make_gpqa},
      ScorerEntry{"gsm8k", "the last number as text, as lm-evaluation-harness reads it", &make_gsm8k},
      ScorerEntry{"ifeval", "every instruction of the prompt is followed, as IFEval's own checks read it",
                  &make_ifeval},
      ScorerEntry{"math", "the same number, term, equation, set or matrix, whatever it is written like",
                  &make_math},
      ScorerEntry{"mmlu-pro", "the letter A to J that MMLU-Pro's own script finds", &make_mmlu_pro},
      ScorerEntry{"multiple-choice", "the letter of an option, found with MMLU-Pro's patterns",
                  &make_multiple_choice},
      ScorerEntry{"numeric", "the stated or last number has the value of the reference", &make_numeric},
      ScorerEntry{"regex", "the whole answer matches the question's pattern (RE2)", &make_regex},
      ScorerEntry{"supergpqa", "the letter, or the text of an option, that SuperGPQA's own script finds",
                  &make_supergpqa},
  };
  return kScorers;
}

}  // namespace ipw::evaluation
