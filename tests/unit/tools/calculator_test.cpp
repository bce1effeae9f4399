// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "ipw/tools/expression.h"

namespace ipw::tools {
namespace {

using ::testing::HasSubstr;

std::string value(std::string_view expression) {
  const auto out = calculate(expression);
  return out ? *out : "error: " + out.error();
}

TEST(Calculator, has_the_precedences_of_python) {
  EXPECT_EQ(value("2 + 3 * 4"), "14");
  EXPECT_EQ(value("-2**2"), "-4");
  EXPECT_EQ(value("2**3**2"), "512");
  EXPECT_EQ(value("2**-1"), "0.5");
  EXPECT_EQ(value("(1 + 2) * -3"), "-9");
  EXPECT_EQ(value("2 - -3 + +1"), "6");
  EXPECT_EQ(value("7 / 2"), "3.5");
  EXPECT_EQ(value("6 / 3"), "2");
}

TEST(Calculator, rounds_quotients_and_remainders_down) {
  EXPECT_EQ(value("-7 // 2"), "-4");
  EXPECT_EQ(value("-7 % 3"), "2");
  EXPECT_EQ(value("7 % -3"), "-2");
  EXPECT_EQ(value("7.5 // 2"), "3");
  EXPECT_EQ(value("-7.5 % 2"), "0.5");
}

TEST(Calculator, is_exact_with_large_whole_numbers) {
  EXPECT_EQ(value("2**100"), "1267650600228229401496703205376");
  EXPECT_EQ(value("9007199254740993 + 0"), "9007199254740993");
  EXPECT_EQ(value("factorial(30)"), "265252859812191058636308480000000");
  EXPECT_EQ(value("2**127"), "1.7014118346046923e+38");
}

TEST(Calculator, A21_knows_pi_and_e) {
  EXPECT_EQ(value("pi"), "3.141592653589793");
  EXPECT_EQ(value("e"), "2.718281828459045");
  EXPECT_EQ(value("2 * \u03c0"), "6.283185307179586");
  EXPECT_EQ(value("cos(pi)"), "-1");
  EXPECT_EQ(value("log(e)"), "1");
}

TEST(Calculator, Z5_refuses_what_is_too_large_at_once) {
  for (const auto* huge : {"9**9**9**9", "10**400", "factorial(171)", "1e308 * 10", "99999999**99999999"})
    EXPECT_THAT(value(huge), HasSubstr("error: ")) << huge;
  EXPECT_THAT(value(std::string(20000, '1')), HasSubstr("longer than"));
  EXPECT_THAT(value(std::string(5000, '(')), HasSubstr("nested too deeply"));
  EXPECT_EQ(value(std::string(5000, '-') + "1"), "1");
}

TEST(Calculator, calls_functions) {
  EXPECT_EQ(value("sqrt(16) + abs(-3)"), "7");
  EXPECT_EQ(value("log(8, 2)"), "3");
  EXPECT_EQ(value("round(100 / 7, 2)"), "14.29");
  EXPECT_EQ(value("round(2.5) + floor(-1.5) + ceil(1.2)"), "2");
  EXPECT_EQ(value("max(1, 5, 3) - min(4, 2)"), "3");
  EXPECT_EQ(value("math.sqrt(2)**2 > 1"), "error: '>' does not belong here (at character 12)");
}

TEST(Calculator, takes_the_words_around_an_expression_away) {
  EXPECT_EQ(value("What is 3 \u00d7 4?"), "12");
  EXPECT_EQ(value("calculate 2 ^ 10 ="), "1024");
  EXPECT_EQ(value("1_000 \u00f7 8"), "125");
  EXPECT_EQ(value("1.5e3 + 2E-1"), "1500.2");
}

TEST(Calculator, says_what_is_wrong_and_where) {
  EXPECT_THAT(value("1 / 0"), HasSubstr("division by zero"));
  EXPECT_THAT(value("5 % 0"), HasSubstr("division by zero"));
  EXPECT_THAT(value("0**-1"), HasSubstr("no negative power"));
  EXPECT_THAT(value("sqrt(-1)"), HasSubstr("negative"));
  EXPECT_THAT(value("(-8)**0.5"), HasSubstr("no real number"));
  EXPECT_THAT(value("2 +"), HasSubstr("ends too early (at character 4)"));
  EXPECT_THAT(value("(2 + 3"), HasSubstr("')' is missing"));
  EXPECT_THAT(value("foo(1)"), HasSubstr("no function 'foo'; there are abs"));
  EXPECT_THAT(value("sqrt(1, 2)"), HasSubstr("takes 1 arguments, not 2"));
  EXPECT_THAT(value("x + 1"), HasSubstr("'x' is no number"));
  EXPECT_THAT(value("__import__('os')"), HasSubstr("error: "));
  EXPECT_THAT(value(""), HasSubstr("empty"));
  EXPECT_THAT(value("1.2.3"), HasSubstr("'1.2.3' is no number"));
}

}  // namespace
}  // namespace ipw::tools
