// SPDX-License-Identifier: Apache-2.0
// A workplace for tests: commands run in an empty folder of this machine, which goes with it.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <string>

#include "ipw/base/subprocess.h"
#include "ipw/sandbox/workplace.h"

namespace ipw::sandbox {

class LocalPlace final : public Workplace {
 public:
  explicit LocalPlace(const std::string& name)
      : folder_(std::filesystem::temp_directory_path() / ("ipw-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~LocalPlace() override { std::filesystem::remove_all(folder_); }
  LocalPlace(const LocalPlace&) = delete;
  LocalPlace& operator=(const LocalPlace&) = delete;

  CommandEnd run(const Command& command) override {
    ProcessRequest request;
    request.argv = command.argv;
    request.timeout = last_wall = command.wall;
    request.input = command.input;
    request.most_output = command.most_output;
    request.folder = command.folder.empty() ? folder_.string() : command.folder;
    request.stop = command.stop;
    for (const auto& [name, value] : command.environment) request.environment.push_back(name + "=" + value);
    const auto result = run_process(request);
    CommandEnd out;
    out.output = result.out;
    out.errors = result.err;
    out.limit = result.timed_out ? "wall" : result.stopped ? "stopped" : result.flooded ? "output" : "";
    if (out.limit.empty()) out.exit_status = result.exit_status;
    return out;
  }
  std::string folder() const override { return folder_.string(); }
  std::optional<int> listen(int) override { return {}; }

  Seconds last_wall{0};

 private:
  std::filesystem::path folder_;
};

}  // namespace ipw::sandbox
