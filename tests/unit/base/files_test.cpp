// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/files.h"

#include <gtest/gtest.h>

#include "ipw/base/error.h"

namespace ipw {
namespace {

std::filesystem::path temporary(const char* name) {
  return std::filesystem::path(testing::TempDir()) / name;
}

TEST(AtomicWrite, replaces_the_whole_file) {
  const auto path = temporary("atomic.txt");
  write_file_atomic(path, "one");
  write_file_atomic(path, "two");
  EXPECT_EQ(read_file(path), "two");
}

TEST(AtomicWrite, reports_a_full_disk_and_keeps_what_was_there) {
  EXPECT_THROW(write_file_atomic("/dev/full/x", "a"), Error);
  AppendFile full("/dev/full");
  try {
    full.append("x");
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("/dev/full"), std::string::npos);
  }
}

TEST(AppendFile, grows_and_keeps_what_was_there) {
  const auto path = temporary("grow.txt");
  std::filesystem::remove(path);
  { AppendFile(path).append("a\n"); }
  { AppendFile(path).append("b\n"); }
  EXPECT_EQ(read_file(path), "a\nb\n");
}

TEST(ReadFile, names_what_is_missing) {
  try {
    read_file("/no/such/file");
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::NotFound);
    EXPECT_NE(std::string(e.what()).find("/no/such/file"), std::string::npos);
  }
}

}  // namespace
}  // namespace ipw
