// SPDX-License-Identifier: Apache-2.0
// The frame of trials on a repository in the task's image: what the agent has changed there is judged.
#pragma once
#include <memory>
#include <string>

#include "ipw/harness/containers.h"
#include "ipw/harness/harness.h"
#include "ipw/harness/repository.h"

namespace ipw::harness {

/// A container in which a repository's tests can run: as root, and with the network, as the official
/// harnesses, since builds may fetch what they need.
sandbox::ContainerRequest repository_request(const std::string& image, const std::string& folder);

class PatchTrial : public Trial {
 public:
  /// Start the agent's container and note the commit it begins with. Throws Error.
  PatchTrial(std::shared_ptr<Images> images, sandbox::ContainerRequest request, const std::stop_token& stop);
  sandbox::Workplace& place() override { return *container_; }
  evaluation::Verdict verify(std::string_view answer, std::stop_token stop) final;

 protected:
  /// The verdict on what the agent has changed. Throws Error where it cannot be found out.
  virtual evaluation::Verdict judge(const TakenPatch& taken, const std::stop_token& stop) = 0;
  /// Another container like the agent's, without anything of the agent's.
  std::unique_ptr<sandbox::Container> fresh() { return images_->engine().start(request_); }
  /// End the agent's container with all that still runs in it.
  void end_agent() { container_.reset(); }

 private:
  std::shared_ptr<Images> images_;
  sandbox::ContainerRequest request_;
  std::unique_ptr<sandbox::Container> container_;
  std::string base_;
};

}  // namespace ipw::harness
