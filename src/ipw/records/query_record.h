// SPDX-License-Identifier: Apache-2.0
// One query and all that was measured of it: the unit of the journal, of the dataset and of every analysis.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/base/json.h"

namespace ipw::records {

/// avg, max, median, min of a gauge over a window.
struct Stats {
  double avg = 0, max = 0, median = 0, min = 0;
};

/// The energy of one domain over one window. An absent `joules` has a `reason`.
struct DomainEnergy {
  std::string domain;            ///< name in the domain tree, e.g. "package-0", "gpu-0", "cpu-modelled"
  std::string scope;             ///< accelerator, package, dram, core, uncore, psys, module, wall, host
  std::optional<double> joules;  ///< gross
  double half_width_joules = 0;  ///< 95 %: the truth lies within, gain of the sensor included
  std::string method;            ///< counter, integrated, modelled, simulated
  std::string rule;     ///< how the window was cut: edge-aware, interpolated, time-share (concurrency)
  double coverage = 0;  ///< share of the window that readings cover, 0..1
  std::optional<double> idle_joules;  ///< idle power times duration, where a baseline was taken
  std::string reason;                 ///< why there is no value, or what is wrong with it
  /// The part of half_width_joules that is new with every window (its two edges); the rest (the sensor's
  /// gain) is common to all windows and does not average out.
  double random_half_width_joules = 0;
  /// Hard bounds of what a counter without gain error can have counted; need no statistics.
  std::optional<double> low_joules, high_joules;
  std::optional<double> sensor_coverage;    ///< share of the time a power sensor looks, where it is known
  std::vector<std::string> validity;        ///< rules that did not hold (docs/reference/validity.md)
  std::optional<double> idle_error_joules;  ///< standard error of idle_joules
  /// The domain that measures the same thing better; such an entry is in no sum and no headline.
  std::string alternative_to;
};

/// One gauge of one device over one window.
struct DeviceGauge {
  std::string domain;  ///< as in DomainEnergy
  std::string device;  ///< its id and name, as the vendor has them
  std::string gauge;   ///< power_watts, temperature_celsius, ...: docs/reference/run-folder.md
  Stats stats;
};

struct Latency {
  double total_seconds = 0;
  std::optional<double> ttft_seconds;  ///< to the first non-empty token of any channel
  std::vector<double> itl_seconds;     ///< between token arrivals, in order
  std::optional<double> prefill_seconds,
      decode_seconds;  ///< exact, from the engine or server, where it tells
  std::string clock;   ///< kernel, client or engine: who stamped the arrivals
};

struct Tokens {
  std::optional<std::int64_t> input, output, cached, reasoning;
  std::string source;  ///< server, engine, counted; empty when absent
};

/// What a query's tokens cost by a price list, USD; the parts add up to the total.
struct Cost {
  double input_usd = 0;  ///< of input tokens that came from no cache
  double cached_usd = 0, output_usd = 0, reasoning_usd = 0, total_usd = 0;
  std::string prices_as_of;  ///< the day of the price list, YYYY-MM-DD
};

struct Phase {
  std::optional<double> joules, seconds;
  std::optional<double> half_width_joules;  ///< 95 %
};

struct Evaluation {
  std::optional<bool> correct;  ///< absent: unscored, see reason
  std::string scorer;
  std::string extracted;        ///< the answer that was taken out of the response
  std::string reason;           ///< why unscored
  std::string metadata;         ///< JSON object text of the scorer, may be empty
  std::optional<double> score;  ///< 0 to 1 where the rule is graded, beside `correct`
};

struct RecordFailure {
  std::string kind;  ///< connect, timeout, http, protocol, server, cancelled, refused, engine
  std::string message;
  int http_status = 0;
};

/// A stretch of an agent's task: the task itself, a call of a model, a tool. A span's energy is its own: that
/// of its children is not in it, so that all spans of a task add up to the task.
struct Span {
  std::int64_t id = 0;
  std::optional<std::int64_t> parent;         ///< absent: the task itself
  std::string kind;                           ///< task, model, tool; submodel: a model that a tool asked
  std::string name;                           ///< of the model or the tool
  double begin_seconds = 0, end_seconds = 0;  ///< monotonic, since the run began
  double own_seconds = 0;                     ///< in which no child was under way
  std::vector<DomainEnergy> energy;           ///< of own_seconds
  std::optional<double> ttft_seconds;         ///< of a model's call
  Phase prefill, decode;                      ///< of a streamed call, headline domain
  Tokens tokens;
  std::optional<Cost> cost;
  std::optional<RecordFailure> failure;
  std::string attributes;  ///< JSON object text: api, finish reason, arguments; may be empty
};

/// A call of a model, the agent's or one that a tool asked.
inline bool is_model(const Span& span) {
  return span.kind == "model" || span.kind == "submodel";
}

struct QueryRecord {
  std::int64_t index =
      0;  ///< position in the dataset (times samples plus sample), stable across resume and shards
  std::optional<std::int64_t>
      sample;            ///< which asking of its question, from 0; absent where each is asked once
  std::string query_id;  ///< "q" + index in four digits or more, or the dataset's own id
  std::string problem, answer, subject;
  std::string dataset_metadata;  ///< JSON object text
  std::string prompt_sha256;

  std::string response, reasoning, finish_reason;
  std::optional<RecordFailure> failure;
  int attempts = 1;

  std::int64_t started_unix_ns = 0;  ///< wall clock, an annotation
  double started_seconds = 0;        ///< monotonic, since the run began
  Latency latency;
  Tokens tokens;
  std::optional<Cost> cost;    ///< where the price of the model is known
  std::string server_timings;  ///< JSON object text: what the server said of itself, verbatim

  std::vector<DomainEnergy> energy;
  Phase prefill, decode;       ///< of the headline domain
  bool shared_device = false;  ///< other requests ran in the same window
  std::optional<Stats> gpu_power_watts, cpu_power_watts;
  std::optional<Stats> temperature_celsius, cpu_memory_mb, gpu_memory_mb;
  std::optional<double> gpu_utilization_pct, gpu_memory_bandwidth_pct, gpu_memory_total_mb;
  std::vector<DeviceGauge> devices;  ///< each device by itself; the figures above are their sums or means

  std::optional<Evaluation> evaluation;
  std::vector<Span> spans;  ///< of an agent's task, the task itself first; empty for a single query
};

/// Convert to and from the JSON of a journal line. Unknown keys are ignored, missing ones are absent.
Json to_json(const QueryRecord& record);
/// Throws Error(Format) when a key has the wrong type.
QueryRecord query_record_from_json(const Json& json);

/// The domain whose joules stand in a headline: the accelerator domains' sum, else the packages' sum, else
/// what there is; the name of its scope, its half-width, and the joules of this record in it.
struct Headline {
  std::string scope, method;
  std::optional<double> joules;
  double half_width_joules = 0;
  std::string reason;  ///< why there is no value
  double random_half_width_joules = 0;
};
/// Add the energy of a later stretch to that of an earlier one, domain by domain: joules and the part of the
/// half-width that the gain makes add up, the random part as squares, coverage by seconds. What is absent in
/// one is absent in the sum.
void add_energies(std::vector<DomainEnergy>& sum, double sum_seconds, const std::vector<DomainEnergy>& more,
                  double more_seconds);
Headline headline_energy(const std::vector<DomainEnergy>& energies);
/// Tell whether an entry stands in sums: a worse source of the same quantity does so only where the better
/// one is not there (goal E4).
bool counts_in_sums(const std::vector<DomainEnergy>& energies, const DomainEnergy& energy);
/// Sum over the domains of one scope (no two levels of the tree are ever summed); absent when one of them is
/// absent.
Headline scope_energy(const std::vector<DomainEnergy>& energies, const std::string& scope);

}  // namespace ipw::records
