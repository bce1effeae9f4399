// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/tar.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/subprocess.h"

namespace ipw::sandbox {
namespace {

namespace fs = std::filesystem;

class Tar : public testing::Test {
 protected:
  Tar() {
    auto name = (fs::temp_directory_path() / "ipw-tar-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~Tar() override { fs::remove_all(root_); }
  /// What tar(1) lists.
  std::string listed(const std::string& tar) const {
    ProcessRequest request;
    request.argv = {"tar", "-tf", "-"};
    request.timeout = Seconds(20);
    request.input = tar;
    return run_process(request).out;
  }
  fs::path root_;
};

TEST_F(Tar, a_text_comes_back) {
  std::string content(100'000, 'x');
  content[7] = '\0';
  const auto entry = first_in_tar(tar_of_text("a/b.txt", content), content.size());
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->is_file);
  EXPECT_EQ(entry->content, content);
}

TEST_F(Tar, a_folder_has_all_below_it_and_links_stay_links) {
  fs::create_directories(root_ / "in/sub");
  write_file_atomic(root_ / "in/sub/file", "text");
  fs::create_symlink("/etc/shadow", root_ / "in/away");
  const std::string long_name(180, 'n');
  write_file_atomic(root_ / "in" / long_name, "long");
  const auto list = listed(tar_of(root_ / "in", "to/place", std::size_t{1} << 20));
  for (const auto& name :
       {std::string("to/place/\n"), std::string("to/place/sub/file\n"), "to/place/" + long_name})
    EXPECT_NE(list.find(name), std::string::npos) << list;
  const auto link = first_in_tar(tar_of(root_ / "in/away", "away", std::size_t{1} << 20), 100);
  ASSERT_TRUE(link);
  EXPECT_FALSE(link->is_file);
  EXPECT_EQ(link->link, "/etc/shadow");
}

TEST_F(Tar, more_than_allowed_is_an_error) {
  write_file_atomic(root_ / "big", std::string(200'000, 'x'));
  EXPECT_THROW(tar_of(root_ / "big", "big", 100'000), Error);
  EXPECT_THROW(first_in_tar(tar_of_text("x", std::string(2000, 'x')), 1999), Error);
}

TEST_F(Tar, what_is_no_tar_is_an_error) {
  EXPECT_THROW(first_in_tar(std::string(2000, 'x'), 100), Error);
  EXPECT_FALSE(first_in_tar("", 100));
}

TEST_F(Tar, a_path_that_is_not_there_is_named) {
  try {
    tar_of(root_ / "nothing", "x", 1000);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("nothing"), std::string::npos);
  }
}

}  // namespace
}  // namespace ipw::sandbox
