// SPDX-License-Identifier: Apache-2.0
// The sandbox of bubblewrap (github.com/containers/bubblewrap).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ipw/sandbox/sandbox.h"

namespace ipw::sandbox {

/// Throws Error(Unavailable) where bwrap is missing or the kernel does not let it make namespaces.
std::unique_ptr<Sandbox> make_bubblewrap();

/// The arguments of bwrap that show the system's programs and libraries read-only, as they are on a merged
/// /usr or beside it.
std::vector<std::string> system_folders();

}  // namespace ipw::sandbox
