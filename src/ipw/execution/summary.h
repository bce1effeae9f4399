// SPDX-License-Identifier: Apache-2.0
// What a finished run says of itself: dataset, summary.json, verdict.
#pragma once
#include <filesystem>
#include <utility>
#include <vector>

#include "ipw/clients/client.h"
#include "ipw/datasets/dataset.h"
#include "ipw/execution/cost_account.h"
#include "ipw/execution/energy_ledger.h"
#include "ipw/execution/profile.h"
#include "ipw/execution/telemetry_card.h"
#include "ipw/records/run_folder.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Split the energy of a run; a domain whose energy is not whole has no entry.
std::vector<ActivityPower> activity_power(const telemetry::Source& source, Instant begin, Instant end,
                                          const std::map<std::string, ActiveEnergy>& active,
                                          double active_seconds);

struct FinishFacts {
  const ProfileConfig& config;
  const datasets::DatasetInfo& dataset;
  const telemetry::Source& source;
  telemetry::SelfReport self;
  const clients::Description& client;
  const prices::Quote& price;
  const std::vector<std::pair<std::string, IdleBaseline>>& idle;
  const IdleModel& idle_model;
  const std::vector<ActivityPower>& activity;
  WallTime now;
  double elapsed_seconds;
  bool interrupted;
  std::optional<std::size_t> total;
  std::optional<telemetry::Account> account;  ///< where requests could overlap
  telemetry::WindowReport whole;              ///< from the first query to the last
  const Json& scoring;                        ///< of the phase of scoring; null without one
  const Json* dedicated = nullptr;            ///< who else used the accelerators; null where nobody looked
  std::size_t done_before = 0;                ///< queries of the parts that this one resumes
};

/// Write the dataset and summary.json of a folder and judge the run.
RunOutcome finish_run(const std::filesystem::path& folder, const FinishFacts& facts);

/// Bring the dataset and summary.json of a finished run up to the last verdicts of its journal; `note` says
/// how they came about and is appended to `rescored`. False where the run was never finished: `ipw profile
/// --resume` does.
bool update_scores(const std::filesystem::path& folder, const std::string& model, const Json& note);

/// The machine that system_info and gpu_info of a summary tell of.
records::MachineInfo machine_of(const Json& summary);

/// Write the dataset of a folder again, each query with the machine that its summary names for it.
void write_dataset(const std::filesystem::path& folder, const Json& summary, const std::string& description);

/// The counts of a run, over all its parts.
struct Tally {
  std::size_t queries = 0, failed = 0, scored = 0, correct = 0, with_energy = 0;
  double joules = 0;
  CostTotals cost;
};

/// Count what a folder holds, in one pass.
Tally tally_of(const std::filesystem::path& folder, const std::string& model);

/// Judge a run: what must hold for its figures to be published.
/// `energy`: it was asked for.
Verdict judge(const Tally& tally, const telemetry::SelfReport& self, bool interrupted, bool energy = true);

/// Mark in the journal that a run goes on.
void note_resumption(records::Journal& journal, std::size_t finished, WallTime now);

}  // namespace ipw::execution
