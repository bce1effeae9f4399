// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "ipw/datasets/tiny_families.h"
#include "open.h"

namespace ipw::datasets {
namespace {

const std::set<std::string> kFacts = {"cap", "elem", "day"};

TEST(IpwTiny, asks_every_family_equally_often) {
  std::map<std::string, int> shares;
  for (const auto& question : questions("ipw-tiny")) ++shares[question.subject];
  EXPECT_EQ(shares.size(), 12U);
  for (const auto& [family, count] : shares) EXPECT_EQ(count, 40) << family;
}
TEST(IpwTiny, asks_nothing_twice) {
  std::set<std::string> problems;
  for (const auto& question : questions("ipw-tiny", {{"n", "2000"}}))
    EXPECT_TRUE(problems.insert(question.problem).second) << question.problem;
}
TEST(IpwTiny, asks_only_what_training_never_saw_but_for_facts) {
  for (const auto& question : questions("ipw-tiny"))
    EXPECT_TRUE(kFacts.contains(question.subject) || held_out(question.problem)) << question.problem;
}
TEST(IpwTiny, agrees_with_the_recipe_on_what_is_held_out) {
  for (const auto& question :
       questions("local", {{"path", std::string(IPW_SOURCE_DIR) + "/models/questions.jsonl"}}))
    EXPECT_TRUE(kFacts.contains(question.subject) || held_out(question.problem)) << question.problem;
  EXPECT_FALSE(held_out("What is 1 + 1?"));
}
TEST(IpwTiny, repeats_itself_with_the_same_seed_only) {
  const auto problem = [](const char* seed) {
    return questions("ipw-tiny", {{"n", "12"}, {"seed", seed}}).at(0).problem;
  };
  EXPECT_EQ(problem("5"), problem("5"));
  EXPECT_NE(problem("5"), problem("6"));
}
TEST(IpwTiny, words_questions_as_training_did) {
  const std::map<std::string, std::string> forms = {
      {"add", R"(What is [0-9]+ \+ [0-9]+\?)"},
      {"sub", R"(What is [0-9]+ - [0-9]+\?)"},
      {"mul", R"(What is [0-9]+ x [0-9]+\?)"},
      {"cmp", R"(Which is (larger|smaller), [0-9]+ or [0-9]+\?)"},
      {"sort", R"(Sort [0-9]+( [0-9]+)+)"},
      {"rev", R"(Reverse [a-z]{3,6})"},
      {"count", R"(How many [a-z] in [a-z]+\?)"},
      {"max", R"(Which is the (largest|smallest)\? A\) [0-9]+ B\) [0-9]+ C\) [0-9]+ D\) [0-9]+)"},
      {"rhyme", R"(Which rhymes with [a-z]+\? A\) [a-z]+ B\) [a-z]+ C\) [a-z]+ D\) [a-z]+)"},
      {"cap", R"(What is the capital of .+\?|Capital of .+\? A\) .+ B\) .+ C\) .+ D\) .+)"},
      {"elem", R"(What is the symbol of [a-z]+\?|Which element is [A-Z][a-z]?\?)"},
      {"day", R"(What day is [0-9]+ days after [A-Z][a-z]+day\?)"}};
  for (const auto& question : questions("ipw-tiny"))
    EXPECT_THAT(question.problem, ::testing::MatchesRegex("^(" + forms.at(question.subject) + ")$"));
}
TEST(IpwTiny, ends_when_a_family_has_run_dry_without_repeating) {
  std::size_t days = 0;
  for (const auto& question : questions("ipw-tiny", {{"n", "1500"}})) days += question.subject == "day";
  EXPECT_EQ(days, 84U);
}
TEST(IpwTiny, refuses_a_count_out_of_range) {
  EXPECT_EQ(error_of([] { questions("ipw-tiny", {{"n", "0"}}); }), "parameter n=0 is not in 1 to 1000000");
}

}  // namespace
}  // namespace ipw::datasets
