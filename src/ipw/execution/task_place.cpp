// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_place.h"

#include <unistd.h>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/execution/task_trial.h"
#include "ipw/sandbox/container.h"
#include "ipw/sandbox/workplaces.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;

class ScratchFolder {
 public:
  ScratchFolder() {
    auto name = (fs::temp_directory_path() / "ipw-check-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(ErrorCode::Unavailable, "cannot make a folder like " + name);
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::unique_ptr<sandbox::Workplace> open(const AgentChoice& agent, const fs::path& folder,
                                         const std::stop_token& stop = {}) {
  sandbox::PlaceOptions options;
  options.folder = folder;
  options.image = agent.sandbox_image;
  options.engine = agent.sandbox_engine;
  options.network = agent.sandbox_network;
  options.stop = stop;
  if (agent.max_task_disk > 0) options.limits.disk_bytes = agent.max_task_disk;
  return require("sandbox", sandbox::workplaces(), agent.sandbox).make(options);
}

void try_place(const AgentChoice& agent, const std::stop_token& stop) {
  constexpr int kAnyPort = 8000;
  const ScratchFolder scratch;
  const auto place = open(agent, scratch.path(), stop);
  if (const auto socket = place->listen(kAnyPort)) ::close(*socket);
  sandbox::Command command;
  command.argv = {"true"};
  const auto end = place->run(command);
  if (end.exit_status != 0)
    throw Error(ErrorCode::Unavailable, "the sandbox '" + agent.sandbox + "' runs nothing: " +
                                            (end.error.empty() ? end.errors : end.error));
}

}  // namespace

void check_task_place(const AgentChoice& agent, const datasets::Question& first,
                      const std::stop_token& stop) {
  require("sandbox", sandbox::workplaces(), agent.sandbox);
  const bool brings_its_own = is_verified_in_place(first.scorer);
  if (brings_its_own)
    sandbox::connect_engine(agent.sandbox_engine);
  else
    try_place(agent, stop);
  if (!brings_its_own && agent.sandbox != "container") return;
  if (const auto left = sandbox::remove_left_containers(agent.sandbox_engine); left > 0)
    log::info("{} containers of runs that were killed are removed", left);
}

TaskPlace::TaskPlace(const AgentChoice& agent, const fs::path& workspace) : place_(open(agent, workspace)) {}

ModelDoor::ModelDoor(sandbox::Workplace& place, agents::MeterProxy& proxy) : proxy_(proxy) {
  if (const auto socket = place.listen(proxy.port())) token_ = proxy.adopt(*socket);
}

ModelDoor::~ModelDoor() {
  if (token_) proxy_.let_go(*token_);
}

}  // namespace ipw::execution
