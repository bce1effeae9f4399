// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/commands.h"

#include <array>

namespace ipw::cli {

std::span<const Command> commands() {
  static const std::array kCommands = {kAnalyze, kBench, kCalibrate, kCompare, kDatasets, kDoctor,
                                       kExport,  kList,  kMcp,       kMeasure, kMerge,    kModels,
                                       kProfile, kProxy, kRun,       kScore,   kServers,  kTelemetry};
  return kCommands;
}

}  // namespace ipw::cli
