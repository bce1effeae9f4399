// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_artifacts.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

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
  ~Inputs() override { remove_tree(place_); }
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

/// What agents leave, seen by a user whom permissions bind: root becomes another one in a child.
class Leftovers : public Inputs {
 protected:
  enum Status { kTrue, kFalse, kThrew, kNoUser };
  static constexpr uid_t kUser = 54321;

  Leftovers() {
    if (geteuid() == 0) {
      EXPECT_EQ(chown(place_.c_str(), kUser, kUser), 0);
    }
  }

  static int as_user(const std::function<bool()>& act) {
    const auto child = fork();
    if (child == 0) {
      if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(kUser) != 0 || setuid(kUser) != 0))
        _exit(kNoUser);
      try {
        _exit(act() ? kTrue : kFalse);
      } catch (const std::exception& error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(kThrew);
      }
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// A file, a folder that cannot be changed and one that cannot be read, each with a file, and links out.
  void leave(const fs::path& workspace) const {
    for (const char* folder : {"cache", "closed"}) {
      make_directories(workspace / folder);
      write_file_atomic(workspace / folder / "file", "x");
    }
    write_file_atomic(workspace / "answer.txt", "42");
    fs::create_directory_symlink(outside(), workspace / "link");
    fs::create_symlink("loop", workspace / "loop");
    fs::permissions(workspace / "cache", fs::perms(0555));
    fs::permissions(workspace / "closed", fs::perms::none);
  }
  fs::path outside() const { return place_ / "outside"; }
  fs::path run() const { return place_ / "run"; }
};

TEST_F(Leftovers, folders_without_rights_go_and_what_links_point_to_stays) {
  EXPECT_EQ(as_user([&] {
              make_directories(outside());
              write_file_atomic(outside() / "kept", "x");
              fs::permissions(outside(), fs::perms(0555));
              leave(TaskArtifacts(run(), question_).workspace());
              const TaskArtifacts again(run(), question_);
              const bool emptied = fs::is_empty(again.workspace());
              leave(again.workspace());
              again.drop();
              return emptied && fs::is_empty(run() / "artifacts") && fs::exists(outside() / "kept") &&
                     fs::status(outside()).permissions() == fs::perms(0555);
            }),
            kTrue);
}

TEST_F(Leftovers, the_manifest_names_what_can_be_read) {
  EXPECT_EQ(as_user([&] {
              leave(TaskArtifacts(run(), question_).workspace());
              write_artifacts_manifest(run());
              const auto manifest = read_file(run() / "artifacts_manifest.json");
              return manifest.find("workspace/answer.txt") != std::string::npos &&
                     manifest.find("workspace/cache/file") != std::string::npos &&
                     manifest.find("workspace/closed/file") == std::string::npos;
            }),
            kTrue);
}

TEST_F(Leftovers, a_copy_has_what_can_be_read_and_can_be_removed) {
  EXPECT_EQ(as_user([&] {
              const auto from = place_ / "from", to = place_ / "to";
              leave(from);
              write_file_atomic(from / "unreadable", "x");
              fs::permissions(from / "unreadable", fs::perms::none);
              if (mkfifo((from / "pipe").c_str(), 0600) != 0) return false;
              const bool counted = copy_tree(from, to) == 3;  // closed, unreadable, pipe
              const bool whole = read_file(to / "cache" / "file") == "x" && fs::is_symlink(to / "link") &&
                                 fs::is_symlink(to / "loop") && !fs::exists(to / "unreadable") &&
                                 !fs::exists(fs::symlink_status(to / "pipe"));
              return fs::remove_all(to) > 0 && counted && whole;
            }),
            kTrue);
}

}  // namespace
}  // namespace ipw::execution
