// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/commands.h"

#include <array>

namespace ipw::cli {

std::span<const Command> commands() {
  static const std::array kCommands = {kAnalyze, kCalibrate, kCompare, kDatasets, kDoctor,
                                       kList,    kMcp,       kMeasure, kModels,   kProfile,
                                       kProxy,   kRun,       kScore,   kTelemetry};
  return kCommands;
}

}  // namespace ipw::cli
