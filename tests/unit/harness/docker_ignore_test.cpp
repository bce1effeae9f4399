// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/docker_ignore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipw/base/error.h"
#include "ipw/base/files.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

struct Row {
  const char* patterns;
  std::vector<const char*> ignored, taken;
};

const std::vector<Row> kRows = {
    // The examples of the documentation.
    {"# comment\n*/temp*\n*/*/temp*\ntemp?\n",
     {"somedir/temporary.txt", "somedir/temp", "somedir/subdir/temporary.txt", "tempa", "tempb"},
     {"temp", "tempab", "a/b/c/temp", "# comment"}},
    {"**/*.go", {"main.go", "a/b/c.go"}, {"main.goo", "go"}},
    {"*.md\n!README.md", {"CHANGES.md"}, {"README.md", "sub/CHANGES.md"}},
    {"*.md\n!README*.md\nREADME-secret.md", {"a.md", "README-secret.md"}, {"README.md", "README-x.md"}},
    {"*.md\nREADME-secret.md\n!README*.md", {"a.md"}, {"README.md", "README-secret.md"}},
    {"/foo/bar", {"foo/bar", "foo/bar/x"}, {"x/foo/bar", "foo"}},
    {"foo/bar/", {"foo/bar", "foo/bar/x"}, {"foo/barx"}},
    // Only some files: everything, with exceptions.
    {"*\n!src\n!a/b.txt", {"x", "x/y", "a/c.txt"}, {"src", "src/deep/x", "a/b.txt"}},
    {"*\n!src\nsrc/**/secret", {"src/secret", "src/a/b/secret"}, {"src/other"}},
    // Folders anywhere, below a folder, at the end.
    {"**/node_modules", {"node_modules", "a/node_modules/b"}, {"node_modules2"}},
    {"data/**", {"data/x", "data/x/y"}, {"data", "dataset"}},
    {"a/**/z", {"a/z", "a/b/c/z"}, {"a/bz"}},
    {"**", {"x", "x/y"}, {}},
    // What a star does not cross, classes, and signs that mean nothing.
    {"a*c", {"ac", "abc"}, {"a/c"}},
    {"[a-c]x\n[^d]y", {"ax", "cx", "ey"}, {"dx", "dy"}},
    {"a.b\n(x)\nc+\n^d\ne$", {"a.b", "(x)", "c+", "^d", "e$"}, {"aXb", "x", "cc"}},
    {"\\*x\n\\!y", {"*x", "!y"}, {"ax", "y"}},
    {"  spaced  \r\n\n\t\nwith space", {"spaced", "with space"}, {"with"}},
    {" # no comment", {"# no comment"}, {}},
    {"\xEF\xBB\xBF"
     "marked",
     {"marked"},
     {}},
    {"./a/../b//c", {"b/c"}, {"a", "a/b/c"}},
    {"! a\nb", {"b"}, {"a"}},
    {"", {}, {"anything"}},
};

TEST(DockerIgnore, decides_as_documented) {
  for (const auto& row : kRows) {
    const DockerIgnore ignore(row.patterns, "x");
    for (const auto* path : row.ignored) EXPECT_TRUE(ignore.ignores(path)) << row.patterns << ": " << path;
    for (const auto* path : row.taken) EXPECT_FALSE(ignore.ignores(path)) << row.patterns << ": " << path;
  }
}
TEST(DockerIgnore, says_where_a_pattern_cannot_be_read) {
  for (const auto* bad : {"fine\n[z-a]", "fine\n[open", "fine\n!", "fine\n! "}) {
    try {
      DockerIgnore(bad, "task/.dockerignore");
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("task/.dockerignore:2: ")) << bad;
    }
  }
}

class BuildContext : public testing::Test {
 protected:
  BuildContext()
      : folder_(fs::path(testing::TempDir()) /
                ("context-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    fs::remove_all(folder_);
    for (const auto* name : {"Dockerfile", "a/b.txt", "a/c.txt", "secret/key"}) write(name, "x");
  }
  ~BuildContext() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    make_directories((folder_ / name).parent_path());
    write_file_atomic(folder_ / name, text);
  }
  fs::path folder_;
};

TEST_F(BuildContext, is_the_whole_folder_without_an_ignore_file) {
  EXPECT_THAT(build_context(folder_, "Dockerfile"),
              ElementsAre("Dockerfile", "a", "a/b.txt", "a/c.txt", "secret", "secret/key"));
}
TEST_F(BuildContext, has_the_dockerfile_and_the_ignore_file_although_they_are_ignored) {
  write(".dockerignore", "*\n!a/b.txt\n");
  EXPECT_THAT(build_context(folder_, "Dockerfile"), ElementsAre(".dockerignore", "Dockerfile", "a/b.txt"));
  write(".dockerignore", "secret\na\n");
  EXPECT_THAT(build_context(folder_, "./secret/key"),
              ElementsAre(".dockerignore", "Dockerfile", "secret/key"));
}
TEST_F(BuildContext, takes_the_dockerfile_s_own_ignore_file_first) {
  write(".dockerignore", "a");
  write("Dockerfile.dockerignore", "secret");
  EXPECT_THAT(build_context(folder_, "Dockerfile"),
              ElementsAre("Dockerfile", "Dockerfile.dockerignore", "a", "a/b.txt", "a/c.txt"));
}
TEST_F(BuildContext, follows_no_link) {
  fs::create_directory_symlink("/usr", folder_ / "link");
  write(".dockerignore", "secret\na");
  EXPECT_THAT(build_context(folder_, "Dockerfile"), ElementsAre(".dockerignore", "Dockerfile", "link"));
}

}  // namespace
}  // namespace ipw::harness
