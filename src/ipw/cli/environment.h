// SPDX-License-Identifier: Apache-2.0
// The one place of the program that reads the environment and the terminal.
#pragma once
#include "ipw/cli/command.h"

namespace ipw::cli {

/// Look at environment and terminal: IPW_CACHE, IPW_DATA_DIR, CUDA_VISIBLE_DEVICES, HF_*, NO_COLOR, COLUMNS.
Context make_context(Clock& clock, std::stop_token stop);

}  // namespace ipw::cli
