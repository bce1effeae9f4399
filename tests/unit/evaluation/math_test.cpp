// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "score.h"

namespace ipw::evaluation {
namespace {

std::optional<bool> judged(const std::string& reference, const std::string& answer) {
  return score("math", {reference}, "\\boxed{" + answer + "}").correct;
}

struct Pair {
  std::string reference, answer;
};

void expect_all(bool expected, const std::vector<Pair>& pairs) {
  for (const auto& p : pairs)
    EXPECT_EQ(judged(p.reference, p.answer), expected) << p.reference << " against " << p.answer;
}

TEST(Math, numbers_are_equal_by_value) {
  expect_all(true, {{"\\frac{1}{2}", "0.5"},
                    {"\\frac12", "\\dfrac{2}{4}"},
                    {"1,234,567", "1234567"},
                    {"32{,}348", "32,348"},
                    {"-\\frac{10}{9}", "-10/9"},
                    {"2\\frac{1}{2}", "5/2"},
                    {"10^{20}+1", "100000000000000000001"},
                    {"\\frac13", "0.333333"},
                    {"\\sqrt{2}", "1.414214"},
                    {"5!", "120"},
                    {"\\binom{5}{2}", "10"},
                    {"1.5 \\times 10^{3}", "1500"},
                    {"0.9", "90\\%"},
                    {"9", "9\\%"}});
  expect_all(false, {{"\\frac13", "0.33"},
                     {"10^{20}+1", "10^{20}"},
                     {"2^{50}", "1125899906842625"},
                     {"5", "-5"},
                     {"40_9", "40_7"},
                     {"0.5", "0.50001"}});
}
TEST(Math, terms_are_equal_when_they_have_the_same_values) {
  expect_all(true, {{"x^2 - 1", "(x+1)(x-1)"},
                    {"\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}"},
                    {"\\sin 2x", "2\\sin x\\cos x"},
                    {"\\ln 8", "3\\ln 2"},
                    {"\\log_2 8", "3"},
                    {"e^{2x}", "(e^x)^2"},
                    {"n(n+1)/2", "\\frac{n^2+n}{2}"},
                    {"6 - 5i", "-5i + 6"},
                    {"\\pi", "π"},
                    {"2\\sqrt{x}", "\\sqrt{4x}"},
                    {"|x|", "\\sqrt{x^2}"}});
  expect_all(false, {{"x^2 - 1", "x^2 + 1"},
                     {"x", "\\sqrt{x^2}"},
                     {"1/2x", "x/2"},
                     {"\\pi", "3.14"},
                     {"a+b", "a-b"},
                     {"x^2 3", "x^{23}"}});
}
TEST(Math, units_and_looks_do_not_matter) {
  expect_all(true, {{"5", "5 \\text{ cm}"},
                    {"5\\text{ cm}^2", "5"},
                    {"90^\\circ", "90"},
                    {"\\$32", "32"},
                    {"\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\pi/2)"},
                    {"12", "12 square feet"},
                    {"7", "7 m"}});
  expect_all(false, {{"2t", "2"}, {"5m", "5"}});
}
TEST(Math, what_is_said_of_a_variable_is_its_value) {
  expect_all(true, {{"5", "x = 5"},
                    {"x = 5", "5"},
                    {"y = 2x + 3", "3 + 2x"},
                    {"x \\in [-2,7]", "[-2,7]"},
                    {"3", "x = 1 + 2 = 3"}});
  expect_all(false, {{"x = 5", "y = 5"}, {"2x + y = 5", "5"}});
}
TEST(Math, relations_are_equal_up_to_a_factor_and_their_direction) {
  expect_all(true, {{"x > 2", "2 < x"},
                    {"2x + 2y = 4", "x + y = 2"},
                    {"-x < -2", "x > 2"},
                    {"1 < x \\le 3", "3 \\ge x > 1"},
                    {"x \\neq 3", "3 \\neq x"},
                    {"x < 2", "(-\\infty, 2)"}});
  expect_all(false, {{"x > 2", "x \\ge 2"}, {"x > 2", "x < 2"}, {"x + y = 2", "x - y = 2"}});
}
TEST(Math, sets_forget_their_order_and_points_do_not) {
  expect_all(true, {{"1, 2", "2, 1"},
                    {"\\{1,2,3\\}", "3, 1, 2"},
                    {"1 \\pm \\sqrt{2}", "1-\\sqrt2, 1+\\sqrt2"},
                    {"(1,2)", "(1, \\frac{4}{2})"},
                    {"3", "\\{3\\}"},
                    {"x=1, y=2", "y=2, x=1"}});
  expect_all(
      false,
      {{"(1,2)", "(2,1)"}, {"1, 2", "1, 3"}, {"1, 2", "1, 2, 3"}, {"(1,2,3)", "(1,3,2)"}, {"1,2", "1"}});
}
TEST(Math, intervals_and_their_unions_are_sets_of_numbers) {
  expect_all(true, {{"(-\\infty, 2) \\cup (3, \\infty)", "(3,\\infty)\\cup(-\\infty,2)"},
                    {"[0,2]", "[0,1] \\cup (1,2]"},
                    {"\\mathbb{R} \\setminus \\{1\\}", "(-\\infty,1)\\cup(1,\\infty)"},
                    {"x \\neq 1", "(-\\infty,1)\\cup(1,\\infty)"},
                    {"[1,3]", "[0,3] \\cap [1,5]"},
                    {"\\emptyset", "\\{\\}"}});
  expect_all(false, {{"[0,1)", "[0,1]"},
                     {"(-\\infty,2)\\cup(3,\\infty)", "(-\\infty,2)\\cup(1,\\infty)"},
                     {"[0,2]", "[0,1) \\cup (1,2]"}});
}
TEST(Math, matrices_are_compared_entry_by_entry) {
  const std::string m = "\\begin{pmatrix} 1 & 2 \\\\ 3 & \\frac12 \\end{pmatrix}";
  expect_all(true, {{m, "\\begin{bmatrix}1&2\\\\3&0.5\\end{bmatrix}"}});
  expect_all(false, {{m, "\\begin{pmatrix}1&2\\\\3&5\\end{pmatrix}"},
                     {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1&2\\end{pmatrix}"}});
}
TEST(Math, words_are_compared_as_words) {
  expect_all(true, {{"\\text{Evelyn}", "Evelyn"},
                    {"\\text{(C)}", "C"},
                    {"\\text{even}", "\\textbf{even}"},
                    {"\\text{June 20}", "\\mathrm{June 20}"}});
  expect_all(false, {{"\\text{even}", "\\text{odd}"}, {"\\text{(C)}", "\\text{(D)}"}});
}
TEST(Math, finds_the_answer_where_it_is_stated) {
  for (const char* response :
       {"ANSWER: $\\frac{3}{4}$", "ANSWER: 3/4", "ANSWER: \\frac{3}{4}", "**Answer:** 3/4",
        "The answer is $0.75$.",
        "We have $7$.\n\nFinal Answer: The final answer is $\\frac34$. I hope it is correct.",
        "so it is \\[ \\boxed{\\frac{3}{4}} \\]", "First $x = 2$, then $\\frac{3}{4}$", "It must be 0.75",
        "\\boxed{3/4}\n\nThe number 5 was wrong.", "ANSWER: x = \\frac{3}{4}"})
    EXPECT_EQ(score("math", {"\\frac{3}{4}"}, response).correct, true) << response;
  EXPECT_EQ(score("math", {"2\\sqrt{3}"}, "ANSWER: 2\\sqrt{3}").correct, true);
  EXPECT_EQ(score("math", {"42"}, "ANSWER: 42 apples").correct, true);
  EXPECT_EQ(score("math", {"1,2"}, "$x=1$ and $x=2$").correct, true);
  EXPECT_EQ(score("math", {"1,2"}, "\\boxed{1} or \\boxed{2}").correct, true);
  EXPECT_EQ(score("math", {"5"}, "<think>\\boxed{4}</think>\\boxed{5}").correct, true);
}
TEST(Math, S3_needs_no_judge_and_names_what_it_read) {
  const auto verdict = score("math", {"\\frac{1}{2}"}, "\\boxed{0.5}");
  EXPECT_EQ(verdict.extracted, "0.5");
  EXPECT_EQ(verdict.metadata, R"({"class":"parsed"})");
}
TEST(Math, nothing_mathematical_is_no_answer) {
  EXPECT_EQ(score("math", {"5"}, "I do not know.").metadata, R"({"class":"unparsed"})");
  EXPECT_EQ(score("math", {"5"}, "").metadata, R"({"class":"empty"})");
  EXPECT_FALSE(score("math", {""}, "5").correct.has_value());
}
TEST(Math, hostile_answers_end_soon) {
  std::string nested, fraction, power = "2", digits(3000, '9');
  for (int i = 0; i < 500; ++i) nested += "(";
  for (int i = 0; i < 300; ++i) fraction = "\\frac{" + fraction + "1}{2}";
  for (int i = 0; i < 40; ++i) power = "9^{" + power + "}";
  for (const auto& answer :
       {nested, fraction, power, digits, digits + "^{" + digits + "}", std::string("100000!"),
        std::string("1e999999"), std::string("10^{10^{10}}"), std::string(1 << 20, '{'),
        std::string(1 << 20, '$'), std::string(1 << 20, '|'), std::string("\\binom{100000}{50000}"),
        std::string("\\begin{pmatrix}1&2\\\\3\\end{pmatrix}")})
    EXPECT_EQ(judged("5", answer), false) << answer.substr(0, 40);
  for (const std::string piece : {"\\(", "\\[", "$ ", "\\boxed{1}", "\\boxed{", "answer: ", "answer = 1 ",
                                  "$1$, ", "\\frac{1}{", "** "}) {
    std::string many;
    while (many.size() < 1 << 20) many += piece;
    EXPECT_NE(score("math", {"5"}, many).correct, true) << piece;
  }
  EXPECT_EQ(score("math", {"5"}, std::string(1 << 20, 'x') + " the answer is $5$").correct, true);
}

TEST(Math, any_fraction_equals_itself_however_it_is_written) {
  std::mt19937 random(1);
  const auto draw = [&](int from, int to) { return std::uniform_int_distribution(from, to)(random); };
  for (int i = 0; i < 500; ++i) {
    const int n = draw(-5000, 5000), d = draw(1, 5000), k = draw(1, 50);
    const auto fraction = [](int above, int below) {
      return fmt::format("\\frac{{{}}}{{{}}}", above, below);
    };
    EXPECT_EQ(judged(fmt::format("{}/{}", n, d), fraction(n * k, d * k)), true) << n << ' ' << d << ' ' << k;
    EXPECT_EQ(judged(fraction(n * k, d * k), fmt::format("{}/{}", n, d)), true) << n << ' ' << d << ' ' << k;
    EXPECT_EQ(judged(fmt::format("{}/{}", n, d), fraction(n * k + 1, d * k)), false)
        << n << ' ' << d << ' ' << k;
  }
}
TEST(Math, any_product_equals_its_expansion_and_no_other) {
  std::mt19937 random(2);
  for (int i = 0; i < 500; ++i) {
    const int a = std::uniform_int_distribution(-30, 30)(random),
              b = std::uniform_int_distribution(-30, 30)(random);
    const auto product = fmt::format("(x{:+})(x{:+})", a, b);
    EXPECT_EQ(judged(product, fmt::format("x^2{:+}x{:+}", a + b, a * b)), true) << product;
    EXPECT_EQ(judged(product, fmt::format("x^2{:+}x{:+}", a + b, a * b + 1)), false) << product;
  }
}

}  // namespace
}  // namespace ipw::evaluation
