// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

const std::string kRivals = R"({"aliases":["City of Light"],"rivals":["Lyon","Rome","New York"]})";

class ContainsTable : public ::testing::TestWithParam<Row> {};
TEST_P(ContainsTable, decides) {
  const auto verdict = score("contains", {GetParam().answer, kRivals}, GetParam().response);
  EXPECT_EQ(verdict.correct, GetParam().correct) << verdict.extracted;
}
INSTANTIATE_TEST_SUITE_P(
    Contains, ContainsTable,
    ::testing::Values(Row{"Paris", "The capital of France is Paris.", true}, Row{"Paris", "PARIS", true},
                      Row{"Paris", "It is the City of Light!", true}, Row{"Paris", "Parisian", false},
                      Row{"Paris", "Rome", false}, Row{"Paris", "Paris or Rome", false},
                      Row{"Paris", "Paris, not Rome", true}, Row{"Paris", "It is not Paris", false},
                      Row{"Paris", "It isn't Paris.", false}, Row{"Paris", "It isn\u2019t Paris.", false},
                      Row{"Paris", "Not Lyon. Paris.", true},
                      Row{"Paris", "Paris is larger than Lyon.", true},
                      Row{"Paris", "Lyon is larger than Paris.", false},
                      Row{"Paris", "Not Paris? Yes: Paris.", true}, Row{"Paris", "Paris; new, York", false},
                      Row{"Paris", "I do not know", false}, Row{"Paris", "", false},
                      Row{"Paris", "<think>Rome?</think>Paris", true}));

TEST(Contains, names_both_candidates_of_an_ambiguous_answer) {
  EXPECT_EQ(score("contains", {"Paris", kRivals}, "Lyon or Paris").reason,
            "both 'Paris' and 'Lyon' are named");
}
TEST(Contains, classes_an_answer_that_names_nobody_as_unparsed) {
  EXPECT_EQ(score("contains", {"Paris", kRivals}, "Hm.").metadata, R"({"class":"unparsed"})");
}
TEST(Contains, leaves_broken_metadata_unscored) {
  EXPECT_FALSE(score("contains", {"Paris", "[1]"}, "Paris").correct.has_value());
  EXPECT_FALSE(score("contains", {"Paris", R"({"rivals":"Lyon"})"}, "Paris").correct.has_value());
  EXPECT_FALSE(score("contains", {"Paris", R"({"aliases":[3]})"}, "Paris").correct.has_value());
}
TEST(Contains, leaves_a_reference_without_words_unscored) {
  EXPECT_FALSE(score("contains", {"?!"}, "?!").correct.has_value());
}

}  // namespace
}  // namespace ipw::evaluation
