// SPDX-License-Identifier: Apache-2.0
// Analyses read a run folder and return plain structs; console, JSON and reports are pure functions of them.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/params.h"
#include "ipw/base/registry.h"
#include "ipw/stats/stats.h"

namespace ipw::analysis {

/// A figure as it is published: value, 95 % interval, number of observations, or the reason why there is
/// none.
struct Figure {
  std::string label{}, unit{};
  std::optional<double> value{};
  std::optional<stats::Interval> interval{};
  std::size_t n = 0;
  std::string reason{};
  std::size_t of = 0;             ///< queries of the run, so that "n of" is the coverage
  std::string scope{}, method{};  ///< of the energy where there is one; how value and interval were obtained
};

/// A table for people; cells are text already.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> right_aligned;  ///< one per column
  std::vector<std::string> notes;   ///< printed below
};

/// The outcome of any analysis.
struct Result {
  std::string id{};
  std::vector<Figure> figures{};
  std::vector<Table> tables{};
  std::vector<std::string> warnings{};
  std::string json{};  ///< what goes to analysis/<id>.json, an object
};

/// Analyse one run folder.
class Analysis {
 public:
  virtual ~Analysis() = default;
  virtual Result run(const std::filesystem::path& folder, const std::string& model,
                     const Params& options) const = 0;
};

using AnalysisEntry = Entry<Analysis>;
/// The registry: analyses.cpp.
std::span<const AnalysisEntry> analyses();

/// What is told at the end of `ipw profile`: accuracy in total and by subject, then what an answer costs.
/// Throws Error where the folder cannot be read.
Result profile_report(const std::filesystem::path& folder, const std::string& model,
                      const Params& options = {});
/// The order in which runs are compared: as given, unless the names are in the order of the alphabet, as the
/// patterns of a shell give them. Those come in natural order, so that tiny-36k stands before tiny-360k.
std::vector<std::filesystem::path> comparison_order(std::vector<std::filesystem::path> folders);
/// Several runs side by side, one row each; differences to the first run where the questions are the same.
Result compare(std::span<const std::filesystem::path> folders, const Params& options = {});
/// The derived sections of summary.json: `profile_metrics`, `efficiency`, `statistics`
/// (docs/reference/metrics.md).
Json summary_sections(const std::filesystem::path& folder, const std::string& model,
                      const Params& options = {});

}  // namespace ipw::analysis
