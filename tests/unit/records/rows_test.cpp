// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/rows.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "sample_record.h"

namespace ipw::records {
namespace {

Column widened(std::initializer_list<const char*> values) {
  Column column{"c", RowType::Null, {}};
  for (const char* value : values) widen(column, *parse_json(value));
  return column;
}

TEST(Widen, goes_from_null_over_integer_and_double_to_string) {
  EXPECT_EQ(widened({"null"}).type, RowType::Null);
  EXPECT_EQ(widened({"null", "1"}).type, RowType::Int64);
  EXPECT_EQ(widened({"1", "1.5", "2"}).type, RowType::Double);
  EXPECT_EQ(widened({"1.5", "\"a\"", "2"}).type, RowType::String);
  EXPECT_EQ(widened({"true", "null"}).type, RowType::Bool);
}

TEST(Widen, makes_text_of_what_does_not_mix) {
  EXPECT_EQ(widened({"true", "1"}).type, RowType::String);
  EXPECT_EQ(widened({"{\"a\":1}", "[1]"}).type, RowType::String);
  EXPECT_EQ(widened({"18446744073709551615"}).type, RowType::String);
}

TEST(Widen, merges_the_children_of_structs_by_name) {
  const auto column = widened({R"({"a":1})", R"({"b":"x","a":2.5})"});
  ASSERT_EQ(column.children.size(), 2u);
  EXPECT_EQ(column.children[0].type, RowType::Double);
  EXPECT_EQ(column.children[1].name, "b");
}

TEST(Widen, widens_the_element_of_a_list) {
  const auto column = widened({"[]", "[1,null]", "[2.5]"});
  EXPECT_EQ(column.type, RowType::List);
  EXPECT_EQ(column.children.at(0).type, RowType::Double);
}

TEST(Widen, stops_at_a_depth_that_nobody_means) {
  const auto column = widened({(std::string(90, '[') + std::string(90, ']')).c_str()});
  int depth = 0;
  for (const Column* at = &column; !at->children.empty(); at = &at->children[0]) ++depth;
  EXPECT_LT(depth, 20);
}

TEST(Widen, keeps_text_instead_of_a_struct_with_a_key_for_every_row) {
  Column column{"c", RowType::Null, {}};
  for (int i = 0; i < 2000; ++i) widen(column, Json{{"key" + std::to_string(i), i}});
  EXPECT_EQ(column.type, RowType::String);
  EXPECT_TRUE(column.children.empty());
}

std::vector<Json> write_and_read(const std::vector<Json>& rows) {
  Column root{"", RowType::Struct, {}};
  for (const auto& row : rows) widen(root, row);
  const auto file = empty_folder() / "t.arrow";
  const auto writer = write_arrow_stream(file, root.children);
  for (const auto& row : rows) writer->append(row);
  writer->close();
  std::vector<Json> out;
  const auto reader = open_rows(file);
  for (Json row; reader->next(row);) out.push_back(row);
  return out;
}

TEST(ArrowStream, gives_back_the_rows_that_were_written) {
  const std::vector<Json> rows = {
      *parse_json(
          R"({"i":1,"d":0.5,"b":true,"s":"äö","n":null,"e":{},"l":[1,2],"t":{"x.y/z:1b":[{"q":"a"}]}})"),
      *parse_json(
          R"({"i":-9007199254740993,"d":2.0,"b":false,"s":"","n":null,"e":{},"l":[],"t":{"x.y/z:1b":[]}})")};
  EXPECT_EQ(write_and_read(rows), rows);
}

TEST(ArrowStream, makes_null_of_absent_keys) {
  const auto rows = write_and_read({*parse_json(R"({"a":1})"), *parse_json(R"({"b":{"c":"x"}})")});
  EXPECT_EQ(rows.at(0), *parse_json(R"({"a":1,"b":null})"));
  EXPECT_EQ(rows.at(1), *parse_json(R"({"a":null,"b":{"c":"x"}})"));
}

TEST(ArrowStream, holds_more_rows_than_a_batch) {
  std::vector<Json> rows;
  for (int i = 0; i < 2500; ++i) rows.push_back({{"i", i}});
  EXPECT_EQ(write_and_read(rows), rows);
}

TEST(ArrowStream, writes_invalid_utf8_as_replacement_characters) {
  EXPECT_EQ(write_and_read({{{"s", "a\xff"}}}).at(0)["s"], "a\xEF\xBF\xBD");
}

TEST(ArrowStream, of_no_rows_still_has_its_columns) {
  const auto file = empty_folder() / "t.arrow";
  write_arrow_stream(file, {{"a", RowType::Int64, {}}})->close();
  const auto reader = open_rows(file);
  Json row;
  EXPECT_FALSE(reader->next(row));
  EXPECT_EQ(reader->columns().at(0).name, "a");
}

TEST(OpenRows, reads_the_folder_of_the_original) {
  const auto reader = open_rows(IPW_SOURCE_DIR "/tests/fixtures/original-run");
  std::size_t rows = 0;
  for (Json row; reader->next(row);)
    rows += row["model_metrics"]["llama3.2:1b"]["token_metrics"]["input"].is_number();
  EXPECT_EQ(rows, 50u);
}

ErrorCode error_of(const std::filesystem::path& path) {
  try {
    open_rows(path);
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(path.filename().string()), std::string::npos) << e.what();
    return e.code();
  }
  return ErrorCode::Internal;
}

TEST(OpenRows, names_what_is_not_there_or_not_a_table) {
  const auto folder = empty_folder();
  std::ofstream(folder / "x.arrow") << "hello, this is no table";
  EXPECT_EQ(error_of(folder / "absent"), ErrorCode::NotFound);
  EXPECT_EQ(error_of(folder), ErrorCode::NotFound);
  EXPECT_EQ(error_of(folder / "x.arrow"), ErrorCode::Format);
}

TEST(OpenRows, reports_a_truncated_file) {
  const auto folder = empty_folder();
  std::filesystem::copy(IPW_SOURCE_DIR "/tests/fixtures/original-run/data-00000-of-00001.arrow",
                        folder / "cut.arrow");
  std::filesystem::resize_file(folder / "cut.arrow", 60'000);
  const auto reader = open_rows(folder / "cut.arrow");
  const auto read_all = [&] {
    for (Json row; reader->next(row);) EXPECT_TRUE(row.is_object());
  };
  EXPECT_THROW(read_all(), Error);
}

}  // namespace
}  // namespace ipw::records
