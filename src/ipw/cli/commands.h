// SPDX-License-Identifier: Apache-2.0
// One row per command; each is defined in its own file.
#pragma once
#include "ipw/cli/command.h"

namespace ipw::cli {

extern const Command kAnalyze, kBench, kCalibrate, kCompare, kDatasets, kDoctor, kExport, kList, kMcp,
    kMeasure, kMerge, kModels, kProfile, kProxy, kRun, kScore, kServers, kTelemetry;

}  // namespace ipw::cli
