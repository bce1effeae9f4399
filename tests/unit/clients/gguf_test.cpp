// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/gguf.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include "ipw/base/error.h"
#include "ipw/base/files.h"

namespace ipw::clients {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Gguf : public testing::Test {
 protected:
  Gguf() {
    std::string name = "/tmp/ipw-gguf-XXXXXX";
    root_ = ::mkdtemp(name.data());
  }
  ~Gguf() override { fs::remove_all(root_); }
  /// A file with these first bytes.
  fs::path file(const std::string& bytes) const {
    const auto path = root_ / "model.gguf";
    write_file_atomic(path, bytes);
    return path;
  }
  static Error failure(const fs::path& path) {
    try {
      check_gguf(path);
    } catch (const Error& error) {
      return error;
    }
    return {ErrorCode::Internal, "no failure"};
  }
  fs::path root_;
};

TEST_F(Gguf, is_known_by_its_first_bytes) {
  EXPECT_NO_THROW(check_gguf(file("GGUF and more")));
  for (const auto* bytes : {"", "GGU", "<!DOCTYPE html>", "ggml", "FUGG"}) {
    const auto error = failure(file(bytes));
    EXPECT_EQ(error.code(), ErrorCode::Format) << bytes;
    EXPECT_THAT(error.what(), HasSubstr("model.gguf is not a GGUF file"));
  }
}

TEST_F(Gguf, says_what_to_give_where_no_file_is) {
  for (const auto& path : {root_ / "none.gguf", root_}) {
    const auto error = failure(path);
    EXPECT_EQ(error.code(), ErrorCode::NotFound) << path;
    EXPECT_THAT(error.hint(), HasSubstr("ipw models"));
  }
}

TEST_F(Gguf, small_models_get_one_thread) {
  EXPECT_EQ(default_threads(file("GGUF")), 1);
  fs::resize_file(root_ / "model.gguf", 17 << 20);  // sparse
  EXPECT_EQ(default_threads(root_ / "model.gguf"), allowed_cpus());
  EXPECT_EQ(default_threads(root_ / "none.gguf"), allowed_cpus());
}

}  // namespace
}  // namespace ipw::clients
