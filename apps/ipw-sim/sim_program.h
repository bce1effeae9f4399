// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "options.h"

namespace ipw::sim {

/// Simulate until SIGINT, SIGTERM or the end of the duration, then print the report. Throws Error.
void run(const Options& options);

}  // namespace ipw::sim
