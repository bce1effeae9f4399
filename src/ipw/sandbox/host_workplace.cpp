// SPDX-License-Identifier: Apache-2.0
// No sandbox at all: commands are processes of this machine and of this user. What they leave in the
// background is found by a variable of its environment when the place goes.
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/sandbox/marked.h"
#include "ipw/sandbox/marked_command.h"
#include "ipw/sandbox/workplaces.h"

namespace ipw::sandbox {
namespace {

class HostWorkplace final : public Workplace {
 public:
  explicit HostWorkplace(const std::filesystem::path& folder)
      : folder_(std::filesystem::absolute(folder)), mark_("IPW_PLACE=" + new_mark()) {
    make_directories(folder_);
  }
  ~HostWorkplace() override { kill_marked(mark_); }
  HostWorkplace(const HostWorkplace&) = delete;
  HostWorkplace& operator=(const HostWorkplace&) = delete;

  CommandEnd run(const Command& command) override {
    MarkedStart start{command.argv, (folder_ / command.folder).string(), {}, false, mark_};
    for (const auto& [name, value] : command.environment)
      start.environment.push_back(fmt::format("{}={}", name, value));
    return run_marked(start, command);
  }
  std::string folder() const override { return folder_.string(); }
  std::optional<int> listen(int) override { return std::nullopt; }

 private:
  std::filesystem::path folder_;
  std::string mark_;
};

}  // namespace

std::unique_ptr<Workplace> make_host_workplace(const PlaceOptions& options) {
  if (options.folder.empty())
    throw Error(ErrorCode::Usage, "the place 'none' needs a folder of this machine");
  return std::make_unique<HostWorkplace>(options.folder);
}

}  // namespace ipw::sandbox
