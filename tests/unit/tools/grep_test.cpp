// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/grep.h"

#include <gmock/gmock.h>

#include "ipw/base/error.h"
#include "unit/tools/corpus.h"

namespace ipw::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ErrorCode code_of(const Corpus& corpus, std::string_view pattern, const GrepOptions& options = {}) {
  try {
    grep(corpus, pattern, options);
  } catch (const Error& e) {
    EXPECT_FALSE(e.hint().empty());
    return e.code();
  }
  return ErrorCode::Internal;
}

TEST(Grep, finds_lines_with_their_context) {
  const auto corpus = corpus_of({{"a", "one\ntwo\nthree\nfour FOUR five\nsix\nseven\nlast"}});
  const auto result = grep(*corpus, "four");
  ASSERT_THAT(result.matches, SizeIs(1));
  const auto& match = result.matches[0];
  EXPECT_EQ(match.document, "a");
  EXPECT_EQ(match.line, 4U);
  EXPECT_EQ(corpus->find("a")->content.substr(match.begin, match.end - match.begin), "four");
  EXPECT_THAT(match.above, ElementsAre("two", "three"));
  EXPECT_EQ(match.before + "|" + match.match + "|" + match.after, "|four| FOUR five");
  EXPECT_THAT(match.below, ElementsAre("six", "seven"));
  EXPECT_FALSE(result.is_cut);
}

TEST(Grep, ignores_case_unless_told_not_to) {
  const auto corpus = corpus_of({{"a", "École"}});
  EXPECT_THAT(grep(*corpus, "éCOLE").matches, SizeIs(1));
  EXPECT_THAT(grep(*corpus, "éCOLE", {.ignore_case = false}).matches, IsEmpty());
}

TEST(Grep, orders_matches_by_document_and_stops_at_fifty) {
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "x\n";
  const auto corpus = corpus_of({{"b", lines}, {"a", lines}});
  const auto result = grep(*corpus, "x", {.context_lines = 0});
  ASSERT_THAT(result.matches, SizeIs(50));
  EXPECT_TRUE(result.is_cut);
  EXPECT_EQ(result.matches[0].document, "a");
  EXPECT_EQ(result.matches[30].document, "b");
  EXPECT_EQ(result.matches[30].line, 1U);
  EXPECT_FALSE(grep(*corpus, "x", {.most_matches = 60}).is_cut);
}

TEST(Grep, cuts_long_lines_around_the_match) {
  const std::string filler(100'000, '.');
  const auto corpus = corpus_of({{"a", filler + "\n" + filler + "é needle é" + filler}});
  const auto match = grep(*corpus, "needle").matches.at(0);
  EXPECT_LE(match.before.size() + match.match.size() + match.after.size(), 400U);
  EXPECT_TRUE(match.before.ends_with("é "));
  EXPECT_LE(match.above.at(0).size(), 400U);
  const auto all = grep(*corpus, ".*").matches.at(0);
  EXPECT_EQ(all.match.size(), 400U);
  EXPECT_EQ(all.end - all.begin, filler.size());
}

TEST(Grep, refuses_a_bad_pattern_with_the_reason) {
  const auto corpus = corpus_of({{"a", "x"}});
  EXPECT_EQ(code_of(*corpus, "("), ErrorCode::Usage);
  EXPECT_EQ(code_of(*corpus, "(a)\\1"), ErrorCode::Usage);
  try {
    grep(*corpus, "a[");
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("bad pattern a[: missing"));
  }
}

TEST(Grep, Z6_is_linear_on_a_pathological_pattern) {
  const auto corpus = corpus_of({{"a", std::string(1'000'000, 'a') + "!"}});
  for (const char* pattern : {"^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(.*a){20}$"})
    EXPECT_THAT(grep(*corpus, pattern).matches, IsEmpty()) << pattern;
}

TEST(Grep, Z6_refuses_a_pattern_that_is_too_large) {
  EXPECT_EQ(code_of(*corpus_of({{"a", "a"}}), "((a{1,100}){1,100}){1,100}"), ErrorCode::Usage);
}

TEST(Grep, Z6_ends_with_a_timeout_when_it_is_too_late) {
  const auto corpus = corpus_of({{"a", "1\n2\n3\n4"}});
  int asked = 0;
  EXPECT_EQ(code_of(*corpus, "x", {.too_late = [&] { return ++asked == 3; }}), ErrorCode::Timeout);
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace ipw::tools
