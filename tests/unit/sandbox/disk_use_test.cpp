// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/disk_use.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ipw/base/files.h"

namespace ipw::sandbox {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMuch = std::uint64_t{1} << 40;

class DiskUse : public testing::Test {
 protected:
  DiskUse()
      : folder_(fs::path(testing::TempDir()) /
                ("disk-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    fs::remove_all(folder_);
    make_directories(folder_ / "a/b");
  }
  ~DiskUse() override { fs::remove_all(folder_); }
  void write(const std::string& name, std::size_t bytes) const {
    std::ofstream(folder_ / name) << std::string(bytes, 'x') << std::flush;
  }
  std::uint64_t use(std::uint64_t most = kMuch) const { return disk_use_of(folder_, most); }
  fs::path folder_;
};

TEST_F(DiskUse, counts_files_at_any_depth) {
  const auto empty = use();
  write("a/b/file", 1'000'000);
  EXPECT_GE(use(), empty + 1'000'000);
  EXPECT_LT(use(), empty + 1'200'000);
}
TEST_F(DiskUse, many_names_count_although_they_are_empty) {
  const auto before = use();
  for (int i = 0; i < 100; ++i) write("a/" + std::to_string(i), 0);
  EXPECT_EQ(use(), before + 100 * 4096);
}
TEST_F(DiskUse, a_file_of_two_names_counts_once_and_a_link_leads_nowhere) {
  write("one", 500'000);
  const auto before = use();
  fs::create_hard_link(folder_ / "one", folder_ / "two");
  fs::create_directory_symlink("/usr", folder_ / "away");
  EXPECT_EQ(use(), before + 2 * 4096);
}
TEST_F(DiskUse, a_file_with_holes_counts_by_its_blocks) {
  const auto before = use();
  write("hole", 1);
  fs::resize_file(folder_ / "hole", std::uintmax_t{1} << 40);
  EXPECT_LT(use(), before + 100'000);
}
TEST_F(DiskUse, stops_counting_where_it_is_too_much) {
  for (int i = 0; i < 100; ++i) write("a/" + std::to_string(i), 0);
  EXPECT_EQ(use(40'000), 40'960U);
}
TEST_F(DiskUse, of_what_is_not_there_is_nothing) {
  EXPECT_EQ(disk_use_of(folder_ / "none", kMuch), 0U);
}

}  // namespace
}  // namespace ipw::sandbox
