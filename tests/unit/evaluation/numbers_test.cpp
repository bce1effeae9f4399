// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/numbers.h"

#include <gmock/gmock.h>

namespace ipw::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<double> values(std::string_view text) {
  std::vector<double> out;
  for (const auto& number : find_numbers(text)) out.push_back(number.value);
  return out;
}

TEST(FindNumbers, reads_thousands_and_decimals) {
  EXPECT_THAT(values("1,234 and 1.5, .5"), ElementsAre(1234, 1.5, 0.5));
}
TEST(FindNumbers, reads_signs_but_not_operators) {
  EXPECT_THAT(values("-3, 5-3, (2)-1, 4 - 1"), ElementsAre(-3, 5, 3, 2, 1, 4, 1));
}
TEST(FindNumbers, reads_the_typographic_minus) {
  EXPECT_THAT(values("\u22123"), ElementsAre(-3));
}
TEST(FindNumbers, reads_fractions_and_percentages) {
  EXPECT_THAT(values("1/2 and 50%"), ElementsAre(0.5, 0.5));
}
TEST(FindNumbers, drops_a_division_by_zero) {
  EXPECT_THAT(values("1/0"), IsEmpty());
}
TEST(FindNumbers, reads_exponents) {
  EXPECT_THAT(values("2e3"), ElementsAre(2000));
}
TEST(FindNumbers, drops_what_no_double_holds) {
  EXPECT_THAT(values("1e999"), IsEmpty());
}
TEST(FindNumbers, skips_digits_inside_words) {
  EXPECT_THAT(values("H2O x10 a_1"), IsEmpty());
}
TEST(FindNumbers, takes_units_and_currency) {
  EXPECT_THAT(values("5km $12 €7"), ElementsAre(5, 12, 7));
}
TEST(FindNumbers, ends_a_number_before_a_full_stop) {
  EXPECT_THAT(values("It is 12."), ElementsAre(12));
}
TEST(FindNumbers, keeps_the_text_as_written) {
  EXPECT_EQ(find_numbers("5-3").back().text, "3");
}

TEST(LastNumberWord, reads_compounds) {
  EXPECT_EQ(last_number_word("ten, Twenty-one")->value, 21);
}
TEST(LastNumberWord, takes_the_last_one) {
  EXPECT_EQ(last_number_word("three and four is seven")->value, 7);
}
TEST(LastNumberWord, does_not_join_across_words) {
  EXPECT_EQ(last_number_word("twenty and one")->value, 1);
}
TEST(LastNumberWord, finds_nothing_in_other_words) {
  EXPECT_FALSE(last_number_word("none of these").has_value());
}

}  // namespace
}  // namespace ipw::evaluation
