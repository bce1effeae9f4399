// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/setup.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/clients/models.h"
#include "ipw/execution/calibrate.h"
#include "ipw/execution/task_artifacts.h"
#include "ipw/records/run_folder.h"
#include "ipw/rpc/monitor.h"
#include "ipw/telemetry/merged_source.h"

namespace ipw::execution {
namespace fs = std::filesystem;

std::unique_ptr<datasets::Dataset> open_dataset(const ProfileConfig& config, const Surroundings& around,
                                                bool files) {
  datasets::DatasetOptions options;
  options.params = config.dataset_params;
  options.seed = config.seed;
  options.hub = around.hub;
  options.data_dir = (around.data_dir / "data").string();
  options.files = files;
  auto dataset = datasets::open_dataset(config.dataset, options);
  if (config.start_index > 0) dataset = datasets::skip(std::move(dataset), config.start_index);
  if (config.sample_evenly && config.max_queries)
    dataset = datasets::sample_evenly(std::move(dataset), *config.max_queries, config.seed);
  else if (config.max_queries)  // before the shard, so that shards together are the run that has none
    dataset = datasets::first(std::move(dataset), *config.max_queries);
  if (config.shard.count > 1)
    dataset = datasets::shard(std::move(dataset), config.shard.index, config.shard.count);
  return dataset;
}

namespace {

/// The monitors that were named, else the one that is looked for.
std::vector<rpc::Address> monitor_addresses(const ProfileConfig& config) {
  std::vector<rpc::Address> out;
  const std::string named = config.monitor == "auto" ? rpc::Address{}.target : config.monitor;
  const std::string token =
      config.monitor_token_file.empty() ? std::string() : rpc::read_token(config.monitor_token_file);
  for (const auto text : split(named, ',')) {
    out.push_back(rpc::parse_address(std::string(text)));
    out.back().token = token;
  }
  return out;
}

std::unique_ptr<telemetry::Source> open_monitors(const std::vector<rpc::Address>& addresses, Clock& clock,
                                                 Observer& observer) {
  std::vector<telemetry::NamedSource> nodes;
  for (const auto& address : addresses) {
    observer.note(fmt::format("sensors: the monitor at {}", address.target));
    auto source = rpc::connect(address, clock);
    const std::string host = source->machine().host_name;
    nodes.push_back({host.empty() ? address.target : host, std::move(source)});
  }
  return telemetry::merge_sources(std::move(nodes));
}

}  // namespace

std::unique_ptr<telemetry::Source> open_source(const ProfileConfig& config, const Surroundings& around,
                                               Observer& observer, Sources sources) {
  if (!config.telemetry) {  // gauges of the host alone: no domain, and so no energy
    telemetry::SourceOptions none;
    none.period = from_seconds(config.sampling_period_seconds);
    none.collectors = {"host"};
    return telemetry::open_local(none, around.clock);
  }
  const bool named = config.monitor != "auto" && config.monitor != "none";
  const bool wants_local = config.monitor == "none" || !config.collectors.empty() ||
                           !config.sysfs_root.empty() || sources == Sources::All;
  if (named || (!wants_local && rpc::listens({})))
    return open_monitors(monitor_addresses(config), around.clock, observer);
  telemetry::SourceOptions options;
  options.period = from_seconds(config.sampling_period_seconds);
  options.sysfs_root = config.sysfs_root;
  options.collectors = config.collectors;
  options.visible_devices = around.visible_devices;
  options.calibrations = calibrations_of(config, around, observer);
  options.helper = around.helper;
  options.alternatives = sources == Sources::All;
  return telemetry::open_local(options, around.clock);
}

std::string label_of(const records::MachineInfo& machine) {
  return records::hardware_label(machine.gpu_name.value_or(""), machine.cpu_brand);
}

Engine open_engine(const ProfileConfig& config, const Surroundings& around, Observer& observer) {
  Engine engine;
  engine.model = config.model;
  const auto& row = require("client", clients::clients(), config.client);
  if (config.client == "llamacpp") {
    clients::ModelOptions models;
    models.cache_dir = around.cache_dir;
    models.data_dir = around.data_dir;
    models.hub = around.hub;
    models.announce = [&](const std::string& text) { observer.note(text); };
    engine.model = clients::resolve_model(config.model, models).string();
  }
  observer.stage(fmt::format("{}: getting {} ready", config.client, config.model));
  clients::ClientOptions options;
  options.base_url = config.client_base_url;
  options.api_key = config.api_key;
  options.params = config.client_params;
  options.concurrency = config.concurrency;
  options.clock = &around.clock;
  engine.client = row.make(options);
  engine.description = engine.client->prepare(engine.model);
  for (const auto& warning : engine.description.warnings) observer.note(warning);
  return engine;
}

namespace {

/// Check that what is asked now is what the folder holds.
void check_same_run(const fs::path& folder, const ProfileConfig& config) {
  const auto difference = incompatible_key(profile_config_from_json(records::read_config(folder)), config);
  if (difference)
    throw Error(ErrorCode::Usage, fmt::format("{} was made with another {}", folder.string(), *difference),
                "resume with the same options, or give another --output-dir");
}

OpenFolder resume_folder(const fs::path& path, const RunRequest& request, Observer& observer) {
  check_same_run(path, request.config);
  if (fs::exists(path / "parts"))
    throw Error(ErrorCode::Usage, fmt::format("{} was merged from shards", path.string()),
                "resume the shard that is not whole, then merge again with --overwrite");
  if (const auto cut = records::repair_journal(path))
    observer.note(fmt::format("the journal ended in half a line; {} bytes were cut off", cut));
  auto state = records::read_journal_state(path);
  if (state.broken_lines > 0)
    observer.note(fmt::format("{} broken lines of the journal are left out", state.broken_lines));
  if (request.retry_failed) state.finished.erase(state.failed);
  return {path, std::move(state.finished)};
}

}  // namespace

std::string folder_name(const ProfileConfig& config, const std::string& hardware_label,
                        const std::string& dataset_name) {
  const bool alone = config.agent.name.empty();
  auto name =
      records::run_folder_name(alone ? "profile" : config.agent.command,
                               alone ? hardware_label : config.agent.name, config.model, dataset_name);
  if (config.shard.count > 1) name += fmt::format("_shard{}of{}", config.shard.index, config.shard.count);
  return name;
}

OpenFolder open_folder(const RunRequest& request, const std::string& hardware_label,
                       const std::string& dataset_name, Observer& observer) {
  const auto& config = request.config;
  const fs::path path = fs::path(config.output_dir) / folder_name(config, hardware_label, dataset_name);
  const bool exists = fs::exists(path) && !fs::is_empty(path);
  if (exists && request.folder == FolderPolicy::Resume) return resume_folder(path, request, observer);
  if (exists && request.folder == FolderPolicy::Refuse)
    throw Error(ErrorCode::Unavailable, fmt::format("{} exists already", path.string()),
                "--resume goes on with it, --overwrite replaces it, --output-dir writes elsewhere");
  if (exists) remove_tree(path);
  make_directories(path);
  records::write_config(path, to_json(config));
  return {path, {}};
}

}  // namespace ipw::execution
