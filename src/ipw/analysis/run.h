// SPDX-License-Identifier: Apache-2.0
// A run as the analyses see it: a few numbers per query, read in one pass. Texts stay in the run folder.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ipw/analysis/rows.h"
#include "ipw/base/external_sort.h"
#include "ipw/evaluation/tallies.h"
#include "ipw/records/run_folder.h"

namespace ipw::analysis {

/// Running mean and variance (Welford 1962) of one domain of the tree.
struct DomainTotals {
  std::string domain, scope, method, rule;
  std::size_t n = 0;
  double total_joules = 0, mean_joules = 0, squares = 0, half_width_joules = 0, min_coverage = 1;
  std::map<std::string, std::size_t> reasons;  ///< why windows have no value
};

/// A figure of evaluation's tallies, and the rule of its answers.
struct RuleFigure {
  std::string rule;
  evaluation::OfficialFigure figure;
};

struct RunData {
  std::string model;
  Rows rows;
  std::size_t questions = 0;  ///< distinct ones; fewer than rows where questions repeat
  std::vector<std::string> subjects;
  std::vector<DomainTotals> domains;
  std::string scope, method;  ///< of the headline energy, empty when no query has one
  std::map<std::string, std::size_t> failures, unscored, no_energy;  ///< counts by reason
  std::set<std::string> price_days;  ///< of the prices behind the costs; the original tells none
  std::size_t truncated = 0, unparsed = 0, shared_device = 0;
  std::size_t graded = 0;  ///< answers with a score beside the verdict
  double score_sum = 0;
  std::vector<RuleFigure> official;  ///< what the benchmarks publish besides, of the scored answers
  std::size_t implausible = 0;       ///< negative or non-finite values, taken as absent
};

/// Take records one after another. One thread at a time.
class Collector {
 public:
  /// Scratch files are made in `scratch`, or where temporary files go.
  explicit Collector(const std::filesystem::path& scratch = {});
  void add(const records::QueryRecord& record);
  /// Choose the scope that most queries have and drop the energies of other scopes, counted in `no_energy`.
  RunData finish(std::string model) &&;

 private:
  std::optional<double> plausible(std::optional<double> value);
  void add_outcome(const records::QueryRecord& record, QueryRow& row);
  void add_to_tally(const records::QueryRecord& record);
  void add_energy(const records::QueryRecord& record, QueryRow& row);
  void add_cost(const records::QueryRecord& record, QueryRow& row);
  void add_domain(const records::DomainEnergy& energy);
  std::uint32_t subject(const std::string& name);

  void count_questions();
  void choose_scope();

  RunData run_;
  ExternalSorter<std::uint64_t> questions_;
  std::vector<records::Headline> scopes_;  ///< distinct scope and method seen, with no joules of interest
  std::vector<std::size_t> scope_counts_;
  std::map<std::string, std::uint32_t> subject_ids_;
  std::map<std::string, std::unique_ptr<evaluation::Tally>> tallies_;  ///< by rule; null where it has none
};

/// Distinct subjects, and reasons of one kind, that are told apart; later ones are counted together, so that
/// texts which are new with every query do not pile up.
inline constexpr std::size_t kMostSubjects = 4096, kMostReasons = 256;

/// Read a folder. Throws Error(NotFound | Format | Usage).
RunData read_run(const std::filesystem::path& folder, const std::string& model);

}  // namespace ipw::analysis
