// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/json.h"
#include "open.h"

namespace ipw::datasets {
namespace {

TEST(IpwMini, has_eight_families_of_forty_or_more) {
  std::map<std::string, int> shares;
  for (const auto& question : questions("ipw-mini")) ++shares[question.subject];
  EXPECT_EQ(shares.size(), 8U);
  for (const auto& [family, count] : shares) EXPECT_GE(count, 40) << family;
}
TEST(IpwMini, asks_nothing_twice) {
  std::set<std::string> problems;
  for (const auto& question : questions("ipw-mini"))
    EXPECT_TRUE(problems.insert(question.problem).second) << question.problem;
}
TEST(IpwMini, grades_every_question_from_one_to_three) {
  for (const auto& question : questions("ipw-mini")) {
    const int difficulty = Json::parse(question.metadata).at("difficulty");
    EXPECT_TRUE(difficulty >= 1 && difficulty <= 3) << question.id;
  }
}
TEST(IpwMini, balances_the_right_letters) {
  std::map<std::string, int> letters;
  for (const auto& question : questions("ipw-mini"))
    if (question.scorer == "multiple-choice") ++letters[question.answer];
  EXPECT_EQ(letters, (std::map<std::string, int>{{"A", 10}, {"B", 10}, {"C", 10}, {"D", 10}}));
}
TEST(IpwMini, shows_every_option_in_its_prompt) {
  for (const auto& question : questions("ipw-mini"))
    for (const auto& choice : question.choices)
      EXPECT_NE(question.problem.find(". " + choice + "\n"), std::string::npos) << question.id;
}
TEST(IpwMini, knows_its_size) {
  EXPECT_EQ(open_dataset("ipw-mini", with_params({}))->info().size, questions("ipw-mini").size());
}

}  // namespace
}  // namespace ipw::datasets
