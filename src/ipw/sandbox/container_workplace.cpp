// SPDX-License-Identifier: Apache-2.0
// A container with the task's folder of this machine at /workspace.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/sandbox/container.h"
#include "ipw/sandbox/disk_use.h"
#include "ipw/sandbox/workplaces.h"

namespace ipw::sandbox {
namespace {

constexpr const char* kFolder = "/workspace";

/// Gives the files that other users of the container have made to us before it goes, as far as it can: else
/// nobody could remove them.
class MountedContainer final : public Workplace {
 public:
  MountedContainer(std::unique_ptr<Container> container, std::filesystem::path folder)
      : container_(std::move(container)), folder_(std::move(folder)) {}
  ~MountedContainer() override {
    if (::geteuid() == 0) return;
    Command command;
    command.argv = {"sh", "-c", "chmod -R a+rwX . 2>/dev/null || true"};
    command.wall = Seconds(20);
    container_->run(command);
  }
  MountedContainer(const MountedContainer&) = delete;
  MountedContainer& operator=(const MountedContainer&) = delete;

  CommandEnd run(const Command& command) override { return container_->run(command); }
  std::string folder() const override { return kFolder; }
  std::optional<int> listen(int port) override { return container_->listen(port); }
  /// Of the folder, and of what is written elsewhere in the container.
  std::optional<std::uint64_t> disk_use(std::uint64_t most) override {
    const auto mounted = disk_use_of(folder_, most);
    if (mounted > most) return mounted;
    return mounted + container_->disk_use(most).value_or(0);
  }

 private:
  std::unique_ptr<Container> container_;
  const std::filesystem::path folder_;
};

/// Several tasks at once ask for the same image; one of them gets it.
void get_image(ContainerEngine& engine, const std::string& image, const std::stop_token& stop) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (!engine.has_image(image)) engine.pull(image, stop);
}

}  // namespace

std::unique_ptr<Workplace> make_container_workplace(const PlaceOptions& options) {
  if (options.image.empty())
    throw Error(ErrorCode::Usage, "the sandbox 'container' needs an image", "--sandbox-image debian:12");
  const auto engine = connect_engine(options.engine);
  get_image(*engine, options.image, options.stop);
  make_directories(options.folder);
  ContainerRequest request;
  request.image = options.image;
  request.folder = kFolder;
  request.user = "0";  // an image's own user could not write into the folder
  request.mounts = {{options.folder, kFolder, true}};
  request.network = options.network;
  request.limits = {options.limits.cpus, options.limits.memory_bytes, options.limits.processes};
  return std::make_unique<MountedContainer>(engine->start(request), options.folder);
}

}  // namespace ipw::sandbox
