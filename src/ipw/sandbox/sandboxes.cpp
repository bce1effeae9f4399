// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/sandbox/bubblewrap.h"
#include "ipw/sandbox/sandbox.h"

namespace ipw::sandbox {
namespace {

constexpr std::array kSandboxes = {
    SandboxEntry{"bubblewrap", "Namespaces of the kernel through bwrap, without a daemon.", make_bubblewrap},
};

}  // namespace

std::span<const SandboxEntry> sandboxes() {
  return kSandboxes;
}

}  // namespace ipw::sandbox
