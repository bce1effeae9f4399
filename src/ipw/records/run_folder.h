// SPDX-License-Identifier: Apache-2.0
// The run folder: the only code that knows what is on disk (docs/reference/run-folder.md).
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/records/index_set.h"
#include "ipw/records/query_record.h"

namespace ipw::records {

/// The truth of a run until it is finished: one JSON line per event, appended, surviving kill -9 at any
/// point. Lines: {"type":"query",...QueryRecord} once a query has ended; {"type":"energy","index":I,...} once
/// the reading after its end has arrived; {"type":"evaluation","index":I,...} once it is scored;
/// {"type":"resume",...} when a run goes on. Later lines of an index amend earlier ones. A last line that was
/// cut in the middle is dropped and counted. Appends from one thread at a time.
class Journal {
 public:
  /// Open or create the journal of a folder; a half-written last line is cut off. Throws Error.
  explicit Journal(const std::filesystem::path& folder);
  void append_query(const QueryRecord& record);
  void append_energy(const QueryRecord& record);  ///< energy, phases, gauges of an already appended query
  void append_evaluation(std::int64_t index, const Evaluation& evaluation);  ///< of an already appended query
  void append_note(const Json& line);
  /// Force what was appended to the device. A crash of the machine, not of the program, may lose what came
  /// after.
  void sync();

 private:
  AppendFile file_;
};

struct JournalState {
  IndexSet finished;             ///< indices that must not be sent again
  IndexSet failed;               ///< finished, but with a failure
  std::size_t broken_lines = 0;  ///< skipped, reported by the caller
};
/// Read what a journal holds, in one pass.
JournalState read_journal_state(const std::filesystem::path& folder);
/// Cut a half-written last line off, so that appending may go on. Returns the bytes that were cut.
std::uint64_t repair_journal(const std::filesystem::path& folder);

/// Facts about the machine that stand in every row (the original's gpu_info and system_info).
struct MachineInfo {
  std::string os_name, os_version, kernel_version, host_name, cpu_brand;
  std::int64_t cpu_count = 0;
  std::optional<std::string> gpu_name, gpu_vendor, gpu_backend;
  std::string hardware_label;             ///< original-formats.md 6
  std::optional<std::int64_t> gpu_count;  ///< accelerators that are measured
  std::optional<std::string> gpu_driver;  ///< version of their driver
};

/// Name the folder of a run: command, hardware label, slug of the model, slug of the dataset; no spaces, no
/// separators.
std::string run_folder_name(const std::string& command, const std::string& hardware, const std::string& model,
                            const std::string& dataset);

/// Derive the hardware label from GPU name and CPU brand (original-formats.md 6, table of examples).
std::string hardware_label(const std::string& gpu_name, const std::string& cpu_brand);

struct FinishOptions {
  std::string model;        ///< key in model_answers and model_metrics
  std::string description;  ///< of dataset_info.json
  MachineInfo machine;
  /// The machine of a query, where a run had several; it outlives the call. Empty: `machine` had them all.
  std::function<const MachineInfo&(std::int64_t index)> machine_of = {};
  std::size_t max_shard_bytes = std::size_t{500} << 20;
};
/// Turn the journal into the Hugging Face dataset of the folder (data-*.arrow, dataset_info.json,
/// state.json), sorted by index, in bounded memory; shards are written whole and renamed. Returns the number
/// of rows.
std::size_t finish_dataset(const std::filesystem::path& folder, const FinishOptions& options);

/// Write traces.jsonl of an agents' run: a line for each task of the journal in the original's form
/// (original-formats.md 2.5), its spans behind. Returns the number of lines; nothing is written without any
/// span.
std::size_t write_traces(const std::filesystem::path& folder);

/// Write subset_manifest.json: the tasks of an agents' run and a hash of them. Returns the hash, the number
/// and the range, as the summary has them. Holds a few hundred bytes for each task.
Json write_subset_manifest(const std::filesystem::path& folder);

/// Give the queries of any run folder, finished or not, of ours or of the original. One thread at a time.
class RunReader {
 public:
  virtual ~RunReader() = default;
  virtual bool next(QueryRecord& record) = 0;
  virtual const std::string& model() const = 0;
};
/// Open a folder: our dataset or journal, or a dataset of the original. `model` picks one of several, empty
/// the only one. Throws Error(NotFound | Format | Usage) that says what is missing.
std::unique_ptr<RunReader> open_run(const std::filesystem::path& folder, const std::string& model = {});

/// Read summary.json or config.json; an absent file gives an empty object. What is written is masked first.
Json read_summary(const std::filesystem::path& folder);
Json read_config(const std::filesystem::path& folder);
void write_summary(const std::filesystem::path& folder, const Json& summary);
void write_config(const std::filesystem::path& folder, const Json& config);
void write_analysis(const std::filesystem::path& folder, const std::string& id, const Json& analysis);

/// Replace the values of keys that look like secrets (key, token, password, authorization) by "***", at any
/// depth; in other text, what follows "Bearer ", the name of a secret ("api_key=...") and the password of a
/// URL.
Json mask_secrets(Json value);

}  // namespace ipw::records
