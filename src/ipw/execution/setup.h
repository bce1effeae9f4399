// SPDX-License-Identifier: Apache-2.0
// Open what a run needs: the dataset, the sensors, the engine, the folder.
#pragma once
#include <memory>

#include "ipw/clients/client.h"
#include "ipw/datasets/dataset.h"
#include "ipw/execution/profile.h"
#include "ipw/records/index_set.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Open the dataset with its sample and shard. Throws Error.
std::unique_ptr<datasets::Dataset> open_dataset(const ProfileConfig& config, const Surroundings& around,
                                                bool files = false);

/// Which sources of one quantity are read: the best there is, or the worse ones beside it.
enum class Sources { Primary, All };

/// Use the monitor that was named, else one that listens, else sample in this process. A monitor reads the
/// primary sources alone, so with Sources::All one that merely listens is passed over. Throws Error.
std::unique_ptr<telemetry::Source> open_source(const ProfileConfig& config, const Surroundings& around,
                                               Observer& observer, Sources sources = Sources::Primary);

/// Name the hardware of a run: the accelerator where there is one, else the processor.
std::string label_of(const records::MachineInfo& machine);

struct Engine {
  std::unique_ptr<clients::Client> client;
  std::string model;  ///< what the client is asked for: a path for an embedded engine, else the name
  clients::Description description;
};
/// Make the client and let it load the model. Throws Error.
Engine open_engine(const ProfileConfig& config, const Surroundings& around, Observer& observer);

/// Name the folder of a run, its shard included: all shards of a run may share one --output-dir.
std::string folder_name(const ProfileConfig& config, const std::string& hardware_label,
                        const std::string& dataset_name);

struct OpenFolder {
  std::filesystem::path path;
  records::IndexSet finished;  ///< queries that must not be sent again
};
/// Make the run's folder, or go on in it. Throws Error(Usage) when it exists and nothing was said about it.
OpenFolder open_folder(const RunRequest& request, const std::string& hardware_label,
                       const std::string& dataset_name, Observer& observer);

}  // namespace ipw::execution
