// SPDX-License-Identifier: Apache-2.0
// How time, energy and power grow with tokens: five straight lines.
#pragma once
#include "ipw/analysis/estimate.h"

namespace ipw::analysis {

struct Regression {
  std::string name, x, y;  ///< name as in the JSON; x and y with their units
  std::size_t count = 0;
  std::optional<double> mean_y;
  std::optional<stats::Line> line;
};

/// The five regressions over the pairs that have both values.
std::vector<Regression> regressions_of(const RunData& run);
/// `skip_without_line` drops regressions that have no line.
Result regression_result(const RunData& run, bool skip_without_line);

std::unique_ptr<Analysis> make_regression();

}  // namespace ipw::analysis
