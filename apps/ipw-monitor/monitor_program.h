// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "options.h"

namespace ipw::monitor {

/// Sample and serve until SIGTERM or SIGINT. Throws Error.
void run(const Options& options);

}  // namespace ipw::monitor
