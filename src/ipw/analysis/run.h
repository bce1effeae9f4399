// SPDX-License-Identifier: Apache-2.0
// A run as the analyses see it: a few numbers per query, read in one pass. Texts stay on disk.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipw/records/run_folder.h"

namespace ipw::analysis {

/// Failed: no answer came, counted as wrong. Unscored: an answer came that no scorer judged, left out and
/// shown.
enum class Outcome : std::uint8_t { Correct, Wrong, Failed, Unscored };

/// The numbers of one query. Energies are joules of the run's headline scope unless their name says
/// otherwise.
struct QueryRow {
  std::uint64_t question = 0;  ///< equal for repeats of one question, in this process
  std::uint32_t subject = 0;   ///< index into RunData::subjects
  std::uint32_t scope = 0;     ///< index into the collector's scopes, meaningless after finish()
  Outcome outcome = Outcome::Unscored;
  double seconds = 0;
  std::optional<double> joules, half_width_joules, random_half_width_joules, idle_joules;
  std::optional<double> gpu_joules, cpu_joules, gpu_watts;
  std::optional<double> ttft_seconds, itl_median_seconds;
  std::optional<double> input_tokens, output_tokens;

  /// Power of a query is its energy over its latency, everywhere.
  std::optional<double> watts() const;
  std::optional<double> total_tokens() const;
  std::optional<double> net_joules() const;
  /// Output tokens over the whole latency, prefill included.
  std::optional<double> tokens_per_second() const;
  /// Time per output token after the first: (latency - TTFT) / (output tokens - 1).
  std::optional<double> tpot_seconds() const;
};

/// Running mean and variance (Welford 1962) of one domain of the tree.
struct DomainTotals {
  std::string domain, scope, method, rule;
  std::size_t n = 0;
  double total_joules = 0, mean_joules = 0, squares = 0, half_width_joules = 0, min_coverage = 1;
  std::map<std::string, std::size_t> reasons;  ///< why windows have no value
};

struct RunData {
  std::string model;
  std::vector<QueryRow> rows;
  std::vector<std::string> subjects;
  std::vector<DomainTotals> domains;
  std::string scope, method;  ///< of the headline energy, empty when no query has one
  std::map<std::string, std::size_t> failures, unscored, no_energy;  ///< counts by reason
  std::size_t truncated = 0, unparsed = 0, shared_device = 0;
  std::size_t implausible = 0;  ///< negative or non-finite values, taken as absent
};

/// Take records one after another. One thread at a time.
class Collector {
 public:
  void add(const records::QueryRecord& record);
  /// Choose the scope that most queries have and drop the energies of other scopes, counted in `no_energy`.
  RunData finish(std::string model) &&;

 private:
  std::optional<double> plausible(std::optional<double> value);
  void add_outcome(const records::QueryRecord& record, QueryRow& row);
  void add_energy(const records::QueryRecord& record, QueryRow& row);
  void add_domain(const records::DomainEnergy& energy);
  std::uint32_t subject(const std::string& name);

  RunData run_;
  std::vector<records::Headline> scopes_;  ///< distinct scope and method seen, with no joules of interest
  std::map<std::string, std::uint32_t> subject_ids_;
};

/// Read a folder. Throws Error(NotFound | Format | Usage).
RunData read_run(const std::filesystem::path& folder, const std::string& model);

}  // namespace ipw::analysis
