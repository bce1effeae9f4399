// SPDX-License-Identifier: Apache-2.0
// The main job: ask every question of a dataset, measure what each answer costs, keep it all.
#pragma once
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/execution/config.h"
#include "ipw/http/hub.h"

namespace ipw::execution {

/// What a run needs of the machine around it; read from the environment by the command line only.
struct Surroundings {
  Clock& clock;
  std::filesystem::path data_dir, cache_dir;
  http::HubOptions hub;
  std::optional<std::string> visible_devices;  ///< CUDA_VISIBLE_DEVICES, where it is set
  std::filesystem::path config_dir = {};       ///< where the user's own files lie, the calibration among them
  std::vector<std::string> helper;             ///< as telemetry::SourceOptions
  std::filesystem::path state_dir = {};        ///< what goes on between calls: the servers that we started
};

/// How far a run is.
struct Progress {
  std::optional<std::size_t> total;
  std::size_t done = 0, failed = 0, correct = 0, scored = 0;
  std::size_t done_before = 0;  ///< finished in an earlier part of a resumed run
  double joules = 0;            ///< headline energy of the queries whose readings have arrived
  std::size_t joules_count = 0;
  double elapsed_seconds = 0;
};

/// Watch a run. Called from the thread that called profile().
class Observer {
 public:
  virtual ~Observer() = default;
  /// A stage has begun: "loading the model", "idle baseline, 3 s".
  virtual void stage(std::string_view what) = 0;
  virtual void progress(const Progress& progress) = 0;
  /// Something that the user should know, once.
  virtual void note(std::string_view text) = 0;
};

enum class FolderPolicy { Refuse, Resume, Overwrite };

struct RunRequest {
  ProfileConfig config;
  FolderPolicy folder = FolderPolicy::Refuse;
  bool retry_failed = false;  ///< on resume, ask failed queries again
};

/// Whether the figures may be published, and why not.
struct Verdict {
  std::vector<std::string> reasons;  ///< empty: valid
  bool valid() const { return reasons.empty(); }
};

struct RunOutcome {
  std::filesystem::path folder;
  std::size_t queries = 0, failed = 0;
  bool interrupted = false;
  Verdict verdict;
};

/// Run to the end, or until asked to stop; in either case the folder is finished and can be resumed.
/// Throws Error when the run cannot begin or its disk is full; the journal then keeps every finished query.
RunOutcome profile(const RunRequest& request, const Surroundings& around, Observer& observer,
                   std::stop_token stop);

}  // namespace ipw::execution
