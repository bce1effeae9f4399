// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "ipw/analysis/accuracy.h"
#include "ipw/analysis/format.h"
#include "ipw/analysis/sections.h"

namespace ipw::analysis {

Result profile_result(const RunData& run, const Precision& precision) {
  const Accuracy accuracy = accuracy_of(run, precision);
  const Efficiency efficiency = efficiency_of(run, precision);
  Result result{.id = "profile", .figures = headline_figures(efficiency)};
  result.tables = accuracy_tables(run, accuracy);
  result.tables.push_back(efficiency_table("Efficiency of " + run.model, result.figures, efficiency));
  result.warnings = accuracy_warnings(run, accuracy.counts);
  for (auto& warning : efficiency_warnings(run, efficiency)) result.warnings.push_back(std::move(warning));
  result.json = pretty_json(Json{{"analysis", "profile"},
                                 {"model", run.model},
                                 {"efficiency", efficiency_section(efficiency)},
                                 {"statistics", statistics_section(run, efficiency)}});
  return result;
}

Result profile_report(const std::filesystem::path& folder, const std::string& model, const Params& options) {
  return profile_result(read_run(folder, model), precision_from(options));
}

}  // namespace ipw::analysis
