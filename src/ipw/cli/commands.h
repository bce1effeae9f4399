// SPDX-License-Identifier: Apache-2.0
// One row per command; each is defined in its own file.
#pragma once
#include "ipw/cli/command.h"

namespace ipw::cli {

extern const Command kAnalyze, kCalibrate, kCompare, kDatasets, kDoctor, kList, kMcp, kMeasure, kModels,
    kProfile, kProxy, kRun, kScore, kTelemetry;

}  // namespace ipw::cli
