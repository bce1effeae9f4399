// SPDX-License-Identifier: Apache-2.0
// A container of a Docker or podman engine as a workplace.
#pragma once
#include <memory>

#include "ipw/sandbox/container.h"
#include "ipw/sandbox/engine_api.h"

namespace ipw::sandbox {

/// Removes something of an engine's when it goes: what stands at `path`. `what` names it in a warning.
class Removal {
 public:
  Removal(std::shared_ptr<const EngineApi> api, std::string path, std::string what)
      : api_(std::move(api)), path_(std::move(path)), what_(std::move(what)) {}
  ~Removal();
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;

 private:
  std::shared_ptr<const EngineApi> api_;
  std::string path_, what_;
};

/// Make and start it. Throws Error; nothing is left behind then.
std::unique_ptr<Container> start_container(std::shared_ptr<const EngineApi> api,
                                           const ContainerRequest& request);

std::unique_ptr<EngineObject> make_engine_network(const std::shared_ptr<const EngineApi>& api);
std::unique_ptr<EngineObject> make_engine_volume(const std::shared_ptr<const EngineApi>& api);
/// Remove the objects of a kind whose owners have ended. Returns how many.
std::size_t remove_left(const EngineApi& api, std::string_view kind);

/// Our labels: that it is ours, and whose.
Json engine_labels();
/// Who runs this program, told apart from other machines and process namespaces: the label "ipw.owner".
std::string owner_label();
/// Whether the owner of a label has surely ended: it was a process of this machine and namespace.
bool owner_is_gone(const std::string& label);

/// An image's name with ":latest" where it has neither tag nor digest.
std::string with_tag(const std::string& image);

}  // namespace ipw::sandbox
