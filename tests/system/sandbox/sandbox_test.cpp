// SPDX-License-Identifier: Apache-2.0
// Hostile programs in the real sandbox.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"
#include "ipw/evaluation/code_graders.h"
#include "ipw/sandbox/code_runner.h"
#include "ipw/sandbox/sandbox.h"

namespace ipw::sandbox {
namespace {

class RealSandbox : public testing::Test {
 protected:
  /// Skipped only where the kernel makes no namespaces: a program that is missing is a failure.
  void SetUp() override {
    ASSERT_EQ(run_process({"bwrap", "--version"}, Seconds(10)).exit_status, 0)
        << "apt-get install bubblewrap";
    try {
      runner_ = make_code_runner("bubblewrap");
      sandbox_ = require("sandbox", sandboxes(), "bubblewrap").make();
    } catch (const Error& error) {
      GTEST_SKIP() << "no sandbox works here, the kernel refuses it (a chroot or an unprivileged container): "
                   << error.what();
    }
  }

  evaluation::ProgramEnd python(std::string source, Seconds wall = Seconds(10)) {
    evaluation::Program program;
    program.source = std::move(source);
    program.wall = wall;
    return runner_->run(program);
  }

  std::unique_ptr<evaluation::CodeRunner> runner_;
  std::unique_ptr<Sandbox> sandbox_;
};

/// How many processes of this machine have the word in their command line.
int processes_with(const std::string& word) {
  const auto found = run_process({"pgrep", "-c", "-f", word}, Seconds(10));
  return std::atoi(found.out.c_str());
}

TEST_F(RealSandbox, runs_a_program_with_its_input) {
  evaluation::Program program;
  program.source = "import sys\nprint(sum(map(int, sys.stdin)))\nsys.exit(3)";
  program.input = "1\n2\n";
  const auto end = runner_->run(program);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.output, "3\n");
  EXPECT_EQ(end.exit_status, 3);
}

TEST_F(RealSandbox, Z4_has_no_network) {
  const auto end = python(
      "import socket\n"
      "for address in ('1.1.1.1', 80), ('127.0.0.1', 50053):\n"
      "  try:\n    socket.create_connection(address, 3)\n    print('open')\n"
      "  except OSError as error:\n    print('closed')\n");
  EXPECT_EQ(end.output, "closed\nclosed\n");
}

TEST_F(RealSandbox, writes_nowhere_outside_its_folder) {
  const auto mark = std::filesystem::temp_directory_path() / "ipw-outside";
  const auto end = python(
      "import os\n"
      "for path in '/usr/x', '/program/x', '/x', '/tmp/ipw-outside', '/etc/x', '/scratch/x':\n"
      "  try:\n    open(path, 'w').close()\n    print('wrote', path)\n  except OSError:\n    pass\n");
  EXPECT_EQ(end.output, "wrote /scratch/x\n");
  EXPECT_FALSE(std::filesystem::exists(mark));
  EXPECT_FALSE(std::filesystem::exists("/x"));
}

TEST_F(RealSandbox, sees_neither_files_nor_processes_nor_variables_of_this_machine) {
  ::setenv("IPW_SECRET", "of this machine", 1);
  const auto end = python(
      "import os\n"
      "print(sorted(set(os.listdir('/')) & {'home', 'root', 'tmp', 'var', 'opt', 'mnt'}))\n"
      "print('IPW_SECRET' in os.environ)\n"
      "print(len([p for p in os.listdir('/proc') if p.isdigit()]) < 5)\n"
      "print(os.path.exists('/etc/passwd'))\n");
  EXPECT_EQ(end.output, "[]\nFalse\nTrue\nFalse\n");
}

TEST_F(RealSandbox, a_program_that_forks_for_ever_is_held_and_ended) {
  const auto end = python(
      "import os, time\n"
      "children = 0\n"
      "while True:\n"
      "  try:\n    if os.fork() == 0:\n      time.sleep(60)\n    children += 1\n"
      "  except OSError:\n    break\n"
      "print(children < 32, flush=True)\n");
  EXPECT_EQ(end.output, "True\n");
  EXPECT_EQ(end.exit_status, 0);
}

TEST_F(RealSandbox, a_fork_bomb_ends_at_the_limit_with_all_its_children) {
  const auto end = python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n", Seconds(1));
  EXPECT_EQ(end.limit, "wall");
  EXPECT_EQ(processes_with("/program/main.p[y]"), 0);
}

TEST_F(RealSandbox, a_loop_ends_at_the_limit) {
  const auto end = python("while True: pass", Seconds(0.5));
  EXPECT_EQ(end.limit, "wall");
  EXPECT_EQ(end.exit_status, std::nullopt);
}

TEST_F(RealSandbox, a_child_that_left_its_group_is_ended_too) {
  const auto end = python(
      "import os, time\n"
      "if os.fork() == 0:\n  os.setsid()\n  for fd in 0, 1, 2: os.close(fd)\n  time.sleep(3600)\n");
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(processes_with("/program/main.p[y]"), 0);
}

TEST_F(RealSandbox, memory_output_and_disk_have_limits) {
  EXPECT_EQ(python("x = bytearray(1 << 32)").limit, "memory");
  const auto flood = python("while True: print('x' * 1000)");
  EXPECT_EQ(flood.limit, "output");
  EXPECT_EQ(flood.output.size(), std::size_t{1} << 20);
  const auto disk = python(
      "try:\n  for i in range(100):\n    open(str(i), 'wb').write(bytes(1 << 20))\n  print('all')\n"
      "except OSError as error:\n  print(error.errno)\n");
  EXPECT_EQ(disk.output, "28\n");
}

TEST_F(RealSandbox, a_program_cannot_pretend_that_the_sandbox_failed) {
  const auto end = python(
      "import os, sys\n"
      "try: os.write(3, b'{\"exit-code\": 0}\\n')\n"
      "except OSError: pass\n"
      "print('bwrap: no', file=sys.stderr)\nsys.exit(1)\n");
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.exit_status, 1);
}

int job_folders() {
  int n = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
    n += entry.path().filename().string().starts_with("ipw-job-") ? 1 : 0;
  return n;
}

TEST_F(RealSandbox, leaves_no_folder_behind_and_refuses_names_that_lead_elsewhere) {
  const auto before = job_folders();
  python("while True: pass", Seconds(0.2));
  for (const auto* name : {"../x", "", ".hidden", "a/b"}) {
    Job job;
    job.argv = {"true"};
    job.files = {{name, "x"}};
    EXPECT_THROW(sandbox_->run(job), Error) << name;
  }
  EXPECT_EQ(job_folders(), before);
}

evaluation::Verdict grade(std::unique_ptr<evaluation::Grader> grader, evaluation::CodeRunner* runner,
                          std::string_view metadata, std::string_view response) {
  evaluation::Task task;
  task.metadata = metadata;
  return grader->grade(task, response, {nullptr, runner});
}

TEST_F(RealSandbox, humaneval_is_graded_by_running_it) {
  const std::string_view metadata =
      R"({"prompt":"def add(a, b):\n    \"\"\"Sum.\"\"\"\n","entry_point":"add",)"
      R"("test":"def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 1) == 0\n"})";
  const auto correct = [&](std::string_view response) {
    return grade(evaluation::make_humaneval(), runner_.get(), metadata, response).correct;
  };
  EXPECT_EQ(correct("    return a + b\n"), true);
  EXPECT_EQ(correct("Here:\n```python\ndef add(a, b):\n    return a + b\n```\nDone."), true);
  EXPECT_EQ(correct("    return a - b\n"), false);
  EXPECT_EQ(correct("    import os\n    os._exit(0)\n"), false);
  EXPECT_EQ(correct("    return (\n"), false);
}

TEST_F(RealSandbox, livecodebench_runs_scripts_and_functions) {
  const std::string_view scripts =
      R"({"tests":[{"input":"1 2\n","output":"3\n"},{"input":"5 5\n","output":"10\n"}]})";
  const std::string_view functions =
      R"({"func_name":"scale","tests":[{"input":"[1, 2]\n3","output":"[3, 6]","testtype":"functional"}]})";
  const auto correct = [&](std::string_view metadata, std::string_view response) {
    return grade(evaluation::make_livecodebench(), runner_.get(), metadata, response).correct;
  };
  EXPECT_EQ(correct(scripts, "```python\nprint(sum(map(int, input().split())))\n```"), true);
  EXPECT_EQ(correct(scripts, "```python\nprint(3)\n```"), false);
  EXPECT_EQ(correct(functions,
                    "```python\nclass Solution:\n    def scale(self, xs: List[int], k: int):\n"
                    "        return tuple(x * k for x in xs)\n```"),
            true);
  EXPECT_EQ(correct(functions, "```python\ndef scale(xs, k):\n    return xs\n```"), false);
}

}  // namespace
}  // namespace ipw::sandbox
