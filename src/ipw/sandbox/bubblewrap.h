// SPDX-License-Identifier: Apache-2.0
// The sandbox of bubblewrap (github.com/containers/bubblewrap).
#pragma once
#include <memory>

#include "ipw/sandbox/sandbox.h"

namespace ipw::sandbox {

/// Throws Error(Unavailable) where bwrap is missing or the kernel does not let it make namespaces.
std::unique_ptr<Sandbox> make_bubblewrap();

}  // namespace ipw::sandbox
