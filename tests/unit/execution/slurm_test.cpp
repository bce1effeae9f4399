// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/slurm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/subprocess.h"
#include "ipw/execution/bench.h"
#include "ipw/execution/setup.h"
#include "ipw/records/run_folder.h"

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

class FoldersOfRun : public testing::Test {
 protected:
  FoldersOfRun() {
    std::filesystem::remove_all(place_);
    config_.output_dir = place_.string();
    config_.model = "m";
    config_.dataset = "gsm8k";
  }
  ~FoldersOfRun() override { std::filesystem::remove_all(place_); }

  /// A folder as a run of the configuration leaves it.
  std::string make(const ProfileConfig& config, const std::string& hardware) const {
    const auto name = folder_name(config, hardware, config.dataset);
    make_directories(place_ / name);
    records::write_config(place_ / name, to_json(config));
    return name;
  }
  std::vector<std::string> names(const ProfileConfig& config) const {
    std::vector<std::string> out;
    for (const auto& folder : folders_of_run(config)) out.push_back(folder.filename().string());
    std::ranges::sort(out);
    return out;
  }

  std::filesystem::path place_ = std::filesystem::path(testing::TempDir()) / "ipw_folders_of_run";
  ProfileConfig config_;
};

TEST_F(FoldersOfRun, have_its_name_on_any_hardware) {
  EXPECT_TRUE(names(config_).empty());
  auto shard = config_, other = config_;
  shard.shard = {1, 2};
  other.model = "org/m";  // with the hardware A that is the name of model m on hardware A_org
  const auto a = make(config_, "A"), b = make(config_, "B x2"), part = make(shard, "A");
  make(other, "A");
  make_directories(place_ / "profile_C_m_gsm8k");  // no run
  EXPECT_EQ(names(config_), (std::vector{a, b}));
  EXPECT_EQ(names(shard), std::vector{part});
}

TEST_F(FoldersOfRun, of_agents_are_named_whatever_they_hold) {
  config_.agent.name = "react";
  config_.agent.command = "bench";
  auto other = config_;
  other.agent.command = "run";
  make(other, "A");
  make_directories(place_ / "bench_react_m_gsm8k");
  EXPECT_TRUE(names(config_).empty());
  write_file_atomic(place_ / "bench_react_m_gsm8k" / "file", "x");
  EXPECT_EQ(names(config_), std::vector<std::string>{"bench_react_m_gsm8k"});
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
