// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_artifacts.h"

#include <gtest/gtest.h>

#include "ipw/base/files.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;

class Inputs : public testing::Test {
 protected:
  Inputs() {
    fs::remove_all(place_);
    for (const char* folder : {"a", "b"}) {
      make_directories(place_ / folder);
      write_file_atomic(place_ / folder / "data.csv", folder);
    }
    question_.files = {(place_ / "a" / "data.csv").string(), (place_ / "b" / "data.csv").string()};
  }
  ~Inputs() override { fs::remove_all(place_); }
  fs::path place_ = fs::path(testing::TempDir()) / "ipw_task_artifacts";
  datasets::Question question_;
};

TEST_F(Inputs, X21_two_files_of_one_name_both_reach_the_workspace) {
  const TaskArtifacts artifacts(place_ / "run", question_);
  const auto inputs = artifacts.bring_inputs(question_);
  ASSERT_TRUE(inputs);
  ASSERT_EQ(*inputs, (std::vector<std::string>{"inputs/data.csv", "inputs/2_data.csv"}));
  EXPECT_EQ(read_file(artifacts.workspace() / "inputs" / "data.csv"), "a");
  EXPECT_EQ(read_file(artifacts.workspace() / "inputs" / "2_data.csv"), "b");
}

TEST_F(Inputs, X21_a_file_that_is_missing_is_said) {
  fs::remove(question_.files[1]);
  const auto inputs = TaskArtifacts(place_ / "run", question_).bring_inputs(question_);
  ASSERT_FALSE(inputs);
  EXPECT_NE(inputs.error().find(question_.files[1]), std::string::npos);
}

TEST_F(Inputs, a_task_without_files_has_no_folder_for_them) {
  question_.files.clear();
  const TaskArtifacts artifacts(place_ / "run", question_);
  EXPECT_TRUE(artifacts.bring_inputs(question_)->empty());
  EXPECT_TRUE(fs::is_empty(artifacts.workspace()));
}

}  // namespace
}  // namespace ipw::execution
