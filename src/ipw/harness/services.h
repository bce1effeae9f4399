// SPDX-License-Identifier: Apache-2.0
// The containers of a compose file's services.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ipw/harness/compose.h"
#include "ipw/harness/containers.h"

namespace ipw::harness {

/// Several services have a network of their own, without a way out, in which they find each other by name. A
/// service alone has the engine's network. All of it is gone when this goes.
class Services {
 public:
  /// Build or pull the images and start the services in their order, each as soon as those that it needs are
  /// there, or healthy where it wants them so. Throws Error; nothing is left behind then.
  Services(Images& images, const ComposeFile& file, const std::string& task, const std::stop_token& stop);
  /// The agent's place.
  sandbox::Container& client() { return *containers_.at("client"); }

 private:
  sandbox::ContainerRequest request_of(const ComposeService& service, const std::string& image,
                                       sandbox::ContainerEngine& engine);
  void note_address(const ComposeService& service);

  std::unique_ptr<sandbox::EngineObject> network_;
  std::map<std::string, std::unique_ptr<sandbox::EngineObject>> volumes_;
  std::map<std::string, std::string> addresses_;  ///< of those that have started, by all their names
  std::map<std::string, std::unique_ptr<sandbox::Container>> containers_;  // last: they go first
};

}  // namespace ipw::harness
