// SPDX-License-Identifier: Apache-2.0
// What becomes of the ways in which pdftotext can end; the program itself is in tests/system/tools.
#include "ipw/tools/pdf.h"

#include <gmock/gmock.h>

#include "ipw/base/error.h"

namespace ipw::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

/// Ends every job in one way and keeps the last.
class Scripted final : public sandbox::Sandbox {
 public:
  explicit Scripted(sandbox::JobEnd end) : end_(std::move(end)) {}
  sandbox::JobEnd run(const sandbox::Job& job) const override {
    last = job;
    return end_;
  }
  mutable sandbox::Job last;

 private:
  sandbox::JobEnd end_;
};

Error failure(sandbox::JobEnd end) {
  try {
    pdf_text(Scripted(std::move(end)), "%PDF-", Seconds(5));
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::Internal, "it was read"};
}

TEST(Pdf, the_file_is_all_that_the_program_gets) {
  const Scripted sandbox({0, "text\n", "Syntax Warning: odd", "", ""});
  EXPECT_EQ(pdf_text(sandbox, "%PDF-1.4", Seconds(5)), "text\n");
  EXPECT_EQ(sandbox.last.argv.front(), "pdftotext");
  EXPECT_THAT(sandbox.last.files, ElementsAre(Pair("file.pdf", "%PDF-1.4")));
  EXPECT_EQ(sandbox.last.limits.wall, Seconds(5));
  EXPECT_LE(sandbox.last.limits.memory_bytes, std::uint64_t{1} << 30);
}

TEST(Pdf, a_missing_program_is_told_with_the_command_that_installs_it) {
  const auto error =
      failure({127, "", "prlimit: failed to execute pdftotext: No such file or directory", "", ""});
  EXPECT_EQ(error.code(), ErrorCode::Unavailable);
  EXPECT_THAT(error.hint(), HasSubstr("apt-get install poppler-utils"));
}

TEST(Pdf, files_that_cannot_be_read_say_why) {
  EXPECT_THAT(failure({1, "", "Command Line Error: Incorrect password\n", "", ""}).what(),
              HasSubstr("encrypted"));
  EXPECT_THAT(failure({1, "", "Syntax Error: Couldn't read xref table\n", "", ""}).what(),
              HasSubstr("xref table"));
  EXPECT_THAT(failure({1, "", "", "", ""}).what(), HasSubstr("no reason"));
  EXPECT_THAT(failure({3, "", "Copying of text from this document is not allowed.\n", "", ""}).what(),
              HasSubstr("forbids"));
}

TEST(Pdf, limits_and_a_sandbox_that_fails_are_told_apart) {
  EXPECT_EQ(failure({{}, "", "", "wall", ""}).code(), ErrorCode::Timeout);
  EXPECT_THAT(failure({{}, "", "", "output", ""}).what(), HasSubstr("larger than 8.0 MiB"));
  EXPECT_THAT(failure({{}, "", "", "", "bubblewrap: no namespaces"}).what(), HasSubstr("no namespaces"));
  EXPECT_EQ(failure({{}, "", "", "", ""}).code(), ErrorCode::Format);  // a signal
}

}  // namespace
}  // namespace ipw::tools
