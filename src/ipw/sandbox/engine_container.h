// SPDX-License-Identifier: Apache-2.0
// A container of a Docker or podman engine as a workplace.
#pragma once
#include <memory>

#include "ipw/sandbox/container.h"
#include "ipw/sandbox/engine_api.h"

namespace ipw::sandbox {

/// Make and start it. Throws Error; nothing is left behind then.
std::unique_ptr<Container> start_container(std::shared_ptr<const EngineApi> api,
                                           const ContainerRequest& request);

/// Who runs this program, told apart from other machines and process namespaces: the label "ipw.owner".
std::string owner_label();
/// Whether the owner of a label has surely ended: it was a process of this machine and namespace.
bool owner_is_gone(const std::string& label);

/// An image's name with ":latest" where it has neither tag nor digest.
std::string with_tag(const std::string& image);

}  // namespace ipw::sandbox
