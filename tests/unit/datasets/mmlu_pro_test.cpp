// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "open.h"
#include "support/fixture_hub.h"

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class MmluPro : public ::testing::Test {
 protected:
  std::unique_ptr<Dataset> open(std::initializer_list<std::pair<const char*, std::string>> params = {}) {
    return open_dataset("mmlu-pro", hub_.with(params));
  }

  FixtureHub hub_;
};

TEST_F(MmluPro, X18_maps_rows_and_records_the_commit) {
  const auto dataset = open();
  EXPECT_EQ(dataset->info().revision, FixtureHub::kCommit);
  const auto all = read_all(*dataset);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].id, "70");
  EXPECT_EQ(all[0].subject, "math");
  EXPECT_EQ(all[0].answer, "B");
  EXPECT_EQ(all[0].scorer, "mmlu-pro");
}
TEST_F(MmluPro, drops_options_that_are_not_there_and_keeps_the_right_letter) {
  const auto all = read_all(*open());
  EXPECT_THAT(all[0].choices, ElementsAre("3", "4", "5"));
  EXPECT_THAT(all[1].choices, ElementsAre("Ohm's", "Newton's second", "Hooke's"));
  EXPECT_EQ(all[1].answer, "B");
}
TEST_F(MmluPro, shows_five_examples_of_the_category) {
  const auto problem = read_all(*open())[0].problem;
  EXPECT_THAT(problem, HasSubstr("about math."));
  EXPECT_THAT(
      problem,
      HasSubstr("Question:\nWhat is 1 + 4?\nOptions:\nA. 4\nB. 5\nAnswer: Let's think step by step. One"));
  EXPECT_THAT(problem, Not(HasSubstr("What is 1 + 5?")));
  EXPECT_TRUE(problem.ends_with(
      "Question:\nWhat is 2 + 2?\nOptions:\nA. 3\nB. 4\nC. 5\nAnswer: Let's think step by step."));
}
TEST_F(MmluPro, shows_no_examples_when_told_so) {
  EXPECT_THAT(read_all(*open({{"shots", "0"}}))[0].problem, Not(HasSubstr("What is 1 +")));
}
TEST_F(MmluPro, refuses_more_examples_than_there_are) {
  EXPECT_EQ(error_of([&] { open({{"shots", "6"}}); }), "parameter shots=6 is not in 0 to 5");
}

}  // namespace
}  // namespace ipw::datasets
