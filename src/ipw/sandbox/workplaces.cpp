// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/workplaces.h"

#include <array>

namespace ipw::sandbox {
namespace {

constexpr std::array kWorkplaces = {
    WorkplaceEntry{"bubblewrap",
                   "Namespaces of the kernel: the system's programs, the task's folder, no network.",
                   make_bubblewrap_workplace},
    WorkplaceEntry{"container", "A container of docker or podman, of an image of your own.",
                   make_container_workplace},
    WorkplaceEntry{"none", "This machine, with all that is on it: only for what you trust.",
                   make_host_workplace},
};

}  // namespace

std::span<const WorkplaceEntry> workplaces() {
  return kWorkplaces;
}

}  // namespace ipw::sandbox
