// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/external_sort.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "ipw/base/error.h"

namespace ipw {
namespace {

std::vector<std::uint64_t> sorted(ExternalSorter<std::uint64_t>& sorter) {
  sorter.sort();
  std::vector<std::uint64_t> out;
  for (std::uint64_t value = 0; sorter.next(value);) out.push_back(value);
  return out;
}

TEST(ExternalSort, sorts_any_number_of_values_also_equal_ones) {
  std::mt19937_64 random(1);
  for (const std::size_t n : {0, 1, 4, 5, 8, 100, 255, 256, 257, 5000, 40'000}) {
    ExternalSorter<std::uint64_t> sorter(std::filesystem::temp_directory_path(), 4);
    std::vector<std::uint64_t> values(n);
    for (auto& value : values) sorter.add(value = random() % (n + 1));
    std::ranges::sort(values);
    EXPECT_EQ(sorter.size(), n);
    EXPECT_EQ(sorted(sorter), values) << n;
  }
}

TEST(ExternalSort, falls_back_on_the_temporary_folder) {
  ExternalSorter<std::uint64_t> sorter("/no/such/folder", 2);
  for (const std::uint64_t value : {5, 4, 3, 2, 1}) sorter.add(value);
  EXPECT_EQ(sorted(sorter), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST(ExternalSort, goes_on_after_it_was_moved) {
  ExternalSorter<std::uint64_t> sorter(std::filesystem::temp_directory_path(), 2);
  for (const std::uint64_t value : {3, 2, 1}) sorter.add(value);
  sorter.sort();
  auto moved = std::move(sorter);
  std::uint64_t value = 0;
  ASSERT_TRUE(moved.next(value));
  EXPECT_EQ(value, 1U);
}

TEST(ScratchFile, leaves_no_name_behind) {
  const auto folder = std::filesystem::path(IPW_BINARY_DIR) / "scratch_file_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  ScratchFile file(folder);
  const std::vector<std::byte> bytes(3, std::byte{7});
  EXPECT_EQ(file.append(bytes), 0U);
  EXPECT_EQ(file.append(bytes), 3U);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::vector<std::byte> read(3);
  file.read(2, read);
  EXPECT_EQ(read, bytes);
  EXPECT_THROW(file.read(4, read), Error);
}

}  // namespace
}  // namespace ipw
