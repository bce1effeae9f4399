// SPDX-License-Identifier: Apache-2.0
// Everything that was asked of a run: written to config.json, so that the run can be repeated and resumed.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/params.h"

namespace ipw::execution {

struct ShardChoice {
  std::size_t index = 1, count = 1;  ///< shard `index` of `count`, 1-based
};

/// Who solves the tasks of `ipw run`.
struct AgentChoice {
  std::string name;           ///< empty: the model answers by itself, in `ipw profile`
  std::string kwargs = "{}";  ///< JSON object text
  std::string sandbox = "bubblewrap";
  std::string sandbox_image;     ///< of containers
  std::string sandbox_engine;    ///< endpoint of the container engine; empty: the one that is found
  bool sandbox_network = false;  ///< whether agents reach more than their model
  int max_turns = 20;
  std::optional<std::int64_t> max_task_tokens;
  std::optional<double> max_task_cost;  ///< USD
  /// Bytes that a task's files may take on disk; 0: no limit.
  std::uint64_t max_task_disk = std::uint64_t{2} << 30;
  std::string exports = "jsonl,hf,atif";  ///< rows of records/exports.h
  std::string command = "run";            ///< that began the run: run or bench
};

struct ProfileConfig {
  AgentChoice agent;
  std::string client = "llamacpp";
  std::string client_base_url;  ///< empty: the client's own default
  std::string api_key;          ///< never written to disk
  std::string model = "smollm2-135m-instruct";
  std::string dataset = "ipw-mini";
  Params dataset_params, client_params;
  std::string output_dir = "runs";
  std::size_t start_index = 0;  ///< questions of the dataset that are left out at its begin
  std::optional<std::size_t> max_queries;
  int samples = 1;             ///< how often each question is asked
  bool sample_evenly = false;  ///< draw max_queries evenly over the subjects instead of taking the first ones
  int warmup_queries = 3;
  int concurrency = 1;
  std::string attribution = "work-share";  ///< how overlapping requests share energy
  std::uint64_t seed = 0;
  double temperature = 0;
  std::optional<int> max_tokens;  ///< absent: what the dataset asks for
  double query_timeout_seconds = 600;
  double idle_seconds = 3;  ///< idle baseline before and after; 0 takes none
  ShardChoice shard;
  bool telemetry = true;  ///< false: no energy is read
  std::string monitor;    ///< "auto", "none" or addresses, with commas between
  std::string monitor_token_file;
  std::vector<std::string> collectors;
  std::string sysfs_root;
  double sampling_period_seconds = 0.05;
  bool require_dedicated = false;    ///< refuse to run where other programs use the accelerators
  std::string prices;                ///< the user's price file; empty: none but those that are there anyway
  std::string calibration = "auto";  ///< "auto", "none" or a file
  std::string eval_client = "openai", eval_base_url = "https://api.openai.com/v1",
              eval_model = "gpt-5-nano-2025-08-07";
  Params eval_rubrics;       ///< rule = file of the user's wording
  std::string eval_api_key;  ///< never written to disk
};

/// The configuration as config.json holds it; secrets are masked.
Json to_json(const ProfileConfig& config);
/// Throws Error(Format) naming the key that has the wrong type or a value that its option would not take.
ProfileConfig profile_config_from_json(const Json& json);
/// Name the first key by which two runs measure different things, or nothing: what --resume checks.
std::optional<std::string> incompatible_key(const ProfileConfig& a, const ProfileConfig& b);

}  // namespace ipw::execution
