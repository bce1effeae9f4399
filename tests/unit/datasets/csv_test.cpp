// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/csv.h"

#include <gtest/gtest.h>

#include <sstream>

#include "ipw/base/error.h"

namespace ipw::datasets {
namespace {

using Records = std::vector<std::vector<std::string>>;

Records parse(const std::string& text) {
  std::istringstream in(text);
  CsvReader csv(in);
  Records out;
  for (std::vector<std::string> fields; csv.next(fields);) out.push_back(fields);
  return out;
}

TEST(Csv, reads_fields_and_line_ends_of_both_kinds) {
  EXPECT_EQ(parse("a,b\r\nc,d\ne,"), (Records{{"a", "b"}, {"c", "d"}, {"e", ""}}));
}
TEST(Csv, reads_quotes_commas_and_line_breaks_inside_quotes) {
  EXPECT_EQ(parse("\"a,\"\"b\"\"\",\"c\nd\"\n"), (Records{{"a,\"b\"", "c\nd"}}));
}
TEST(Csv, skips_blank_lines_but_keeps_a_quoted_empty_field) {
  EXPECT_EQ(parse("a\n\n\"\"\n\nb"), (Records{{"a"}, {""}, {"b"}}));
}
TEST(Csv, skips_a_byte_order_mark) {
  EXPECT_EQ(parse("\xEF\xBB\xBFx"), (Records{{"x"}}));
}
TEST(Csv, is_empty_for_an_empty_text) {
  EXPECT_TRUE(parse("").empty());
}
TEST(Csv, tells_the_line_where_a_record_begins) {
  std::istringstream in("a\n\"b\nc\"\nd");
  CsvReader csv(in);
  std::vector<std::string> fields;
  csv.next(fields), csv.next(fields), csv.next(fields);
  EXPECT_EQ(csv.line(), 4U);
}
TEST(Csv, refuses_a_quote_that_is_never_closed) {
  EXPECT_THROW(parse("a\n\"b"), Error);
}
TEST(Csv, refuses_text_after_a_closing_quote) {
  EXPECT_THROW(parse("\"a\"b,c"), Error);
}

}  // namespace
}  // namespace ipw::datasets
