// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "open.h"

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Question first(const std::string& json) {
  const TemporaryFile file(".jsonl", json + "\n");
  return questions("local", {{"path", file.path()}}).at(0);
}

TEST(Local, maps_recognised_columns_of_json_lines) {
  const auto q = first(R"({"Question":"2+2?","target":4,"topic":"sums","uuid":"x1","source":"me"})");
  EXPECT_EQ(q.problem, "2+2?");
  EXPECT_EQ(q.answer, "4");
  EXPECT_EQ(q.subject, "sums");
  EXPECT_EQ(q.id, "x1");
  EXPECT_EQ(q.metadata, R"({"source":"me"})");
}
TEST(Local, chooses_the_scorer_by_the_answer) {
  EXPECT_EQ(first(R"({"problem":"?","answer":"1,234.5"})").scorer, "numeric");
  EXPECT_EQ(first(R"({"problem":"?","answer":"50%"})").scorer, "numeric");
  EXPECT_EQ(first(R"({"problem":"?","answer":"1,2"})").scorer, "exact");
  EXPECT_EQ(first(R"({"problem":"?","answer":"Paris"})").scorer, "exact");
  EXPECT_EQ(first(R"({"problem":"?","answer":"B","choices":["x","y"]})").scorer, "multiple-choice");
  EXPECT_EQ(first(R"({"problem":"?","answer":"Paris","scorer":"contains"})").scorer, "contains");
}
TEST(Local, turns_every_form_of_a_choice_into_its_letter) {
  EXPECT_EQ(first(R"({"problem":"?","answer":1,"choices":["x","y"]})").answer, "B");
  EXPECT_EQ(first(R"({"problem":"?","answer":"y","choices":["x","y"]})").answer, "B");
  EXPECT_EQ(first(R"({"problem":"?","answer":"B","options":"x|y"})").answer, "B");
  EXPECT_EQ(first(R"({"problem":"?","answerKey":"2","choices":{"text":["x","y"],"label":["1","2"]}})").answer,
            "B");
}
TEST(Local, S5_keeps_the_letters_of_the_source_and_blank_lines_of_the_prompt) {
  const auto q = first(R"({"problem":"Which?","answer":"C","choices":["x","","z"]})");
  EXPECT_EQ(q.problem, "Which?\n\nA. x\nB. \nC. z\n\nAnswer with the letter of the correct option.");
}
TEST(Local, takes_the_result_of_a_gsm8k_solution) {
  EXPECT_EQ(first(R"({"question":"?","answer":"3 and 4 are 7\n#### 7"})").answer, "7");
}
TEST(Local, opens_the_metadata_column) {
  EXPECT_EQ(first(R"({"problem":"?","answer":"a","metadata":{"rivals":["b"]}})").metadata,
            R"({"rivals":["b"]})");
}
TEST(Local, reads_csv_with_named_columns) {
  const TemporaryFile file(".csv", "frage,antwort,x,y\n\"Eins,\nzwei?\",nein,ja,nein\n");
  const auto all = questions("local", {{"path", file.path()},
                                       {"problem", "frage"},
                                       {"answer", "antwort"},
                                       {"choices", "x,y"},
                                       {"options", "none"}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].problem, "Eins,\nzwei?");
  EXPECT_EQ(all[0].answer, "B");
}
TEST(Local, reads_parquet) {
  const auto path = std::string(IPW_SOURCE_DIR) +
                    "/tests/fixtures/datasets/TIGER-Lab/MMLU-Pro/data/test-00000-of-00001.parquet";
  const auto all = questions("local", {{"path", path}});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].answer, "B");
  EXPECT_THAT(all[0].choices, ElementsAre("3", "4", "5", "N/A"));
}
TEST(Local, S42_says_where_a_row_lacks_its_answer) {
  const TemporaryFile file(".jsonl", "{\"problem\":\"a\",\"answer\":\"b\"}\n\n{\"problem\":\"c\"}\n");
  const auto read = [&] { questions("local", {{"path", file.path()}}); };
  EXPECT_THAT(error_of(read), HasSubstr(file.path() + ":3: no answer column"));
}
TEST(Local, says_where_a_row_has_an_empty_problem) {
  EXPECT_THAT(error_of([] { first(R"({"problem":" ","answer":"b"})"); }),
              HasSubstr(":1: the problem is empty"));
}
TEST(Local, says_where_an_answer_fits_no_option) {
  EXPECT_THAT(error_of([] { first(R"({"problem":"?","answer":"Q","choices":["x","y"]})"); }),
              HasSubstr(":1: the answer 'Q' is no letter, text or index of its 2 options"));
}
TEST(Local, says_where_a_label_belongs_to_no_option) {
  const auto row = R"({"problem":"?","answer":"2","choices":{"text":["y"],"label":["1","2"]}})";
  EXPECT_THAT(error_of([&] { first(row); }), HasSubstr("the answer '2' is no letter, text or index"));
}
TEST(Local, says_where_a_row_has_more_options_than_there_are_letters) {
  std::string options = "0";
  for (int i = 1; i < 27; ++i) options += "," + std::to_string(i);
  EXPECT_THAT(error_of([&] { first(R"({"problem":"?","answer":"26","choices":[)" + options + "]}"); }),
              HasSubstr(":1: 27 options, but there are 26 letters"));
}
TEST(Local, says_where_a_line_is_no_json) {
  EXPECT_THAT(error_of([] { first("{"); }), HasSubstr(".jsonl:1: "));
}
TEST(Local, says_where_a_csv_record_has_too_few_fields) {
  const TemporaryFile file(".csv", "problem,answer\na,b\nc\n");
  EXPECT_THAT(error_of([&] {
                questions("local", {{"path", file.path()}});
              }),
              HasSubstr(":3: 1 fields, but the header has 2"));
}
TEST(Local, names_a_missing_file) {
  EXPECT_EQ(error_of([] { questions("local", {{"path", "/no/such.jsonl"}}); }), "there is no /no/such.jsonl");
}
TEST(Local, needs_a_path) {
  EXPECT_EQ(error_of([] { questions("local"); }), "dataset 'local' needs a file");
}
TEST(Local, refuses_an_unknown_parameter) {
  EXPECT_THAT(error_of([] { questions("local", {{"paht", "x"}}); }), HasSubstr("unknown parameter"));
}
TEST(OpenDataset, X19_reads_any_other_name_from_its_path) {
  const TemporaryFile file(".jsonl", R"({"problem":"a","answer":"b"})");
  EXPECT_EQ(questions("my-exam", {{"path", file.path()}}).at(0).id, "my-exam/0");
}
TEST(OpenDataset, refuses_an_unknown_name_without_path) {
  EXPECT_EQ(error_of([] { questions("ipw-mni"); }), "unknown dataset 'ipw-mni'");
}
TEST(Local, reads_the_recorded_questions_of_the_tiny_models) {
  const auto all = questions("local", {{"path", std::string(IPW_SOURCE_DIR) + "/models/questions.jsonl"}});
  EXPECT_EQ(all.size(), 240U);
}

}  // namespace
}  // namespace ipw::datasets
