// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/slurm.h"

#include <gtest/gtest.h>

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"
#include "ipw/execution/bench.h"
#include "ipw/execution/setup.h"

namespace ipw::execution {
namespace {

SlurmJob job() {
  SlurmJob j;
  j.folder = "/data/out/slurm";
  j.working_dir = "/home/me";
  j.name = "ipw-run";
  j.shards = 4;
  j.options = {"--partition=gpu", "--time=02:00:00"};
  j.task = {"/usr/bin/ipw", "run", "--config", "/data/out/slurm/config.json", "--quiet", "--resume"};
  return j;
}

std::string error_of(SlurmJob j) {
  try {
    slurm_script(j);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(SlurmScript, is_an_array_job_with_a_task_for_each_shard) {
  EXPECT_EQ(slurm_script(job()), R"(#!/bin/bash
# 4 shards of one run, written by ipw )" IPW_VERSION
                                 R"(. To submit it again by hand: sbatch /data/out/slurm/job.sh
# Tasks go on with what their shard has finished. Keys come from the environment and stand in no file.
#SBATCH --job-name=ipw-run
#SBATCH --array=1-4
#SBATCH --output=/data/out/slurm/task-%a.log
#SBATCH --open-mode=append
#SBATCH --chdir=/home/me
#SBATCH --partition=gpu
#SBATCH --time=02:00:00

rm -f /data/out/slurm/task-"$SLURM_ARRAY_TASK_ID".status
/usr/bin/ipw run --config /data/out/slurm/config.json --quiet --resume \
  --shard "$SLURM_ARRAY_TASK_ID/4"
status=$?
echo "$status" > /data/out/slurm/task-"$SLURM_ARRAY_TASK_ID".status
exit "$status"
)");
}

TEST(SlurmScript, refuses_options_that_are_none_and_those_that_are_ours) {
  auto j = job();
  j.options = {"gpu"};
  EXPECT_EQ(error_of(j), "--slurm-option 'gpu' is no option of sbatch");
  j.options = {"--comment=x\nrm -rf /"};
  EXPECT_NE(error_of(j), "");
  j.options = {"--array=1-2"};
  EXPECT_EQ(error_of(j), "--slurm-option --array is set by ipw itself");
}

TEST(SlurmScript, quotes_words_as_a_shell_reads_them) {
  for (const std::string word : {"plain", "", "two words", "it's", "$HOME `id` \"x\" \\", "a\nb", "*"}) {
    const auto done = run_process({"sh", "-c", "printf %s " + shell_quoted(word)}, Seconds(10));
    EXPECT_EQ(done.out, word);
  }
}

TEST(SlurmScript, is_not_written_where_directives_cannot_name_the_path) {
  auto j = job();
  j.folder = "/tmp/a b/slurm";
  EXPECT_THROW(write_slurm_script(j), Error);
}

TEST(Bench, C7_every_client_has_the_address_of_its_own_server) {
  EXPECT_EQ(default_base_url("vllm"), "http://localhost:8000/v1");
  EXPECT_EQ(default_base_url("ollama"), "http://localhost:11434/v1");
  EXPECT_EQ(default_base_url("llamacpp"), "http://localhost:8080/v1");
  EXPECT_EQ(default_base_url("sglang"), "http://localhost:30000/v1");
  EXPECT_EQ(default_base_url("openai"), "https://api.openai.com/v1");
  EXPECT_THROW(default_base_url("mlx"), Error);
}

TEST(FolderName, tells_the_shards_of_a_run_apart) {
  ProfileConfig c;
  c.model = "org/m";
  EXPECT_EQ(folder_name(c, "H100x8", "gsm8k"), "profile_H100x8_org_m_gsm8k");
  c.shard = {2, 8};
  EXPECT_EQ(folder_name(c, "H100x8", "gsm8k"), "profile_H100x8_org_m_gsm8k_shard2of8");
  c.agent.name = "react";
  c.agent.command = "bench";
  EXPECT_EQ(folder_name(c, "H100x8", "gsm8k"), "bench_react_org_m_gsm8k_shard2of8");
}

}  // namespace
}  // namespace ipw::execution
