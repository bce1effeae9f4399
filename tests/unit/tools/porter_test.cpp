// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/porter.h"

#include <gmock/gmock.h>

#include <string_view>
#include <utility>

namespace ipw::tools {
namespace {

std::string stem(std::string word) {
  porter_stem(word);
  return word;
}

/// The examples of the paper, each carried through all steps, and words of everyday text; stems as NLTK's
/// PorterStemmer in its mode ORIGINAL_ALGORITHM has them.
constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
    {"caresses", "caress"},
    {"ponies", "poni"},
    {"ties", "ti"},
    {"caress", "caress"},
    {"cats", "cat"},
    {"feed", "feed"},
    {"agreed", "agre"},
    {"plastered", "plaster"},
    {"bled", "bled"},
    {"motoring", "motor"},
    {"sing", "sing"},
    {"conflated", "conflat"},
    {"troubled", "troubl"},
    {"sized", "size"},
    {"hopping", "hop"},
    {"tanned", "tan"},
    {"falling", "fall"},
    {"hissing", "hiss"},
    {"fizzed", "fizz"},
    {"failing", "fail"},
    {"filing", "file"},
    {"happy", "happi"},
    {"sky", "sky"},
    {"relational", "relat"},
    {"conditional", "condit"},
    {"rational", "ration"},
    {"valenci", "valenc"},
    {"hesitanci", "hesit"},
    {"digitizer", "digit"},
    {"conformabli", "conform"},
    {"radicalli", "radic"},
    {"differentli", "differ"},
    {"vileli", "vile"},
    {"analogousli", "analog"},
    {"vietnamization", "vietnam"},
    {"predication", "predic"},
    {"operator", "oper"},
    {"feudalism", "feudal"},
    {"decisiveness", "decis"},
    {"hopefulness", "hope"},
    {"callousness", "callous"},
    {"formaliti", "formal"},
    {"sensitiviti", "sensit"},
    {"sensibiliti", "sensibl"},
    {"triplicate", "triplic"},
    {"formative", "form"},
    {"formalize", "formal"},
    {"electriciti", "electr"},
    {"electrical", "electr"},
    {"hopeful", "hope"},
    {"goodness", "good"},
    {"revival", "reviv"},
    {"allowance", "allow"},
    {"inference", "infer"},
    {"airliner", "airlin"},
    {"gyroscopic", "gyroscop"},
    {"adjustable", "adjust"},
    {"defensible", "defens"},
    {"irritant", "irrit"},
    {"replacement", "replac"},
    {"adjustment", "adjust"},
    {"dependent", "depend"},
    {"adoption", "adopt"},
    {"homologou", "homolog"},
    {"communism", "commun"},
    {"activate", "activ"},
    {"angulariti", "angular"},
    {"homologous", "homolog"},
    {"effective", "effect"},
    {"bowdlerize", "bowdler"},
    {"probate", "probat"},
    {"rate", "rate"},
    {"cease", "ceas"},
    {"controll", "control"},
    {"roll", "roll"},
    {"generalizations", "gener"},
    {"oscillators", "oscil"},
    {"connect", "connect"},
    {"connected", "connect"},
    {"connecting", "connect"},
    {"connection", "connect"},
    {"connections", "connect"},
    {"relativity", "rel"},
    {"running", "run"},
    {"flies", "fli"},
    {"dying", "dy"},
};

TEST(PorterStem, follows_the_paper) {
  static_assert(std::size(kPairs) >= 60);
  for (const auto& [word, expected] : kPairs) EXPECT_EQ(stem(std::string(word)), expected) << word;
}

TEST(PorterStem, leaves_other_words_alone) {
  for (const std::string word : {"", "s", "is", "as", "h2s", "naïves", "a_ties", "Ties"})
    EXPECT_EQ(stem(word), word);
  const std::string long_word(200'000, 'y');
  EXPECT_EQ(stem(long_word + "s"), long_word + "s");
}

}  // namespace
}  // namespace ipw::tools
