// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ipw::cli {

/// Run the program `ipw`; give its exit status: 0, 1 for failure, 2 for usage, 130 when interrupted.
int run(int argc, char** argv);

}  // namespace ipw::cli
