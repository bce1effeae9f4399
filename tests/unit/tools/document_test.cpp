// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/document.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "ipw/base/error.h"
#include "ipw/base/files.h"

namespace ipw::tools {
namespace {

using testing::HasSubstr;

std::vector<Document> read(const std::string& lines) {
  const auto path =
      std::filesystem::path(testing::TempDir()) / ("documents" + std::to_string(::getpid()) + ".jsonl");
  write_file_atomic(path, lines);
  return read_documents(path);
}

std::string problem(const std::string& lines) {
  try {
    read(lines);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Format);
    EXPECT_THAT(e.hint(), HasSubstr("one document per line"));
    return e.what();
  }
  return "nothing was thrown";
}

TEST(ReadDocuments, takes_content_or_text_and_metadata) {
  const auto documents = read(
      "{\"id\": \"a\", \"content\": \"one\", \"metadata\": {\"year\": 1980}}\n\n{\"text\": \"two\", \"id\": "
      "7}\n");
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[0].content, "one");
  EXPECT_EQ(documents[0].metadata_json, "{\"year\":1980}");
  EXPECT_EQ(documents[1].id, "7");
  EXPECT_EQ(documents[1].content, "two");
  EXPECT_EQ(documents[1].metadata_json, "");
}

TEST(ReadDocuments, names_the_line_and_the_key) {
  const std::string good = "{\"id\": \"a\", \"content\": \"one\"}\n";
  EXPECT_THAT(problem(good + "{\"content\": \"x\"}"), HasSubstr(":2: no key \"id\""));
  EXPECT_THAT(problem(good + "{\"id\": \"b\"}"), HasSubstr(":2: no key \"content\" and no key \"text\""));
  EXPECT_THAT(problem(good + "{\"id\": \" \", \"content\": \"x\"}"), HasSubstr(":2: \"id\" is empty"));
  EXPECT_THAT(problem("{\"id\": \"a\", \"text\": 3}"), HasSubstr(":1: \"text\" is not a text"));
  EXPECT_THAT(problem("{\"id\": \"a\", \"text\": \"x\", \"metadata\": 3}"),
              HasSubstr("\"metadata\" is not an object"));
  EXPECT_THAT(problem(good + "\n" + good), HasSubstr(":3: \"id\" is a, as on line 1"));
  EXPECT_THAT(problem("[]"), HasSubstr(":1: not a JSON object"));
  EXPECT_THAT(problem("{"), HasSubstr(":1: "));
}

TEST(ReadDocuments, names_a_file_that_is_missing) {
  try {
    read_documents("/no/such/file");
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::NotFound);
    EXPECT_THAT(e.what(), HasSubstr("/no/such/file"));
  }
}

}  // namespace
}  // namespace ipw::tools
