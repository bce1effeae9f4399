// SPDX-License-Identifier: Apache-2.0
// What of a workspace counts as delivered.
#include "ipw/execution/deliverables.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "support/zip_of.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class Workspace : public testing::Test {
 protected:
  Workspace() { fs::create_directories(path_); }
  ~Workspace() override { fs::remove_all(path_); }
  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& file : read_deliverables(path_)) out.push_back(file.name);
    return out;
  }
  fs::path path_ = fs::path(testing::TempDir()) / "ipw-deliverables";
};

TEST_F(Workspace, S23_files_of_sub_folders_count_and_what_the_task_brought_does_not) {
  write("report.md", "done");
  write("out/deep/table.csv", "a,b");
  write("inputs/given.txt", "given");
  write("out/inputs/own.txt", "own");
  write(".cache/x", "x");
  EXPECT_THAT(names(), ElementsAre("out/deep/table.csv", "out/inputs/own.txt", "report.md"));
  EXPECT_EQ(read_deliverables(path_).back().text, "done");
}

TEST_F(Workspace, what_is_no_text_has_a_reason) {
  write("a.bin", std::string("\0\1", 2));
  write("b.txt", std::string((1U << 20U) + 1, 'x'));
  const auto files = read_deliverables(path_);
  EXPECT_EQ(files.at(0).unread, "no text");
  EXPECT_EQ(files.at(1).unread, "more text than 1.0 MiB");
}

TEST_F(Workspace, S23_documents_of_office_programs_have_their_text) {
  write("letter.docx", zip_of({{"word/document.xml",
                                "<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>ten "
                                "pears</w:t></w:r></w:p></w:body></w:document>"}}));
  write("other.zip", zip_of({{"readme.txt", "x"}}));
  const auto files = read_deliverables(path_);
  EXPECT_EQ(files.at(0).text, "ten pears\n");
  EXPECT_THAT(files.at(1).unread, testing::HasSubstr("no Word document"));
}

TEST_F(Workspace, links_and_pipes_are_not_followed) {
  write("report.md", "done");
  fs::create_symlink("/etc/passwd", path_ / "secrets.txt");
  fs::create_directory_symlink("/etc", path_ / "etc");
  ASSERT_EQ(::mkfifo((path_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(names(), ElementsAre("report.md"));
}

TEST_F(Workspace, no_folder_has_no_files) {
  EXPECT_TRUE(read_deliverables(path_ / "none").empty());
  EXPECT_TRUE(read_deliverables({}).empty());
}

}  // namespace
}  // namespace ipw::execution
