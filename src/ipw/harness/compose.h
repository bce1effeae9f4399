// SPDX-License-Identifier: Apache-2.0
// The services of a Terminal-Bench task's docker-compose.yaml (docs.docker.com/reference/compose-file).
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/sandbox/container.h"

namespace ipw::harness {

/// When a service counts as healthy: a command in its container that ends well.
struct ComposeHealth {
  std::vector<std::string> argv;
  Seconds interval{30}, timeout{30}, start_period{0};
  int retries = 3;
};

struct ComposeService {
  std::string name;
  std::filesystem::path context;  ///< built where it is not empty
  std::string dockerfile = "Dockerfile";
  std::string image;         ///< taken where nothing is built
  std::string folder, user;  ///< empty: the image's
  std::map<std::string, std::string> environment;
  std::vector<std::string> entrypoint, command;                      ///< empty: not given
  std::vector<std::pair<std::filesystem::path, std::string>> files;  ///< to be copied in: path, place
  std::vector<sandbox::VolumeMount> volumes;                         ///< by the names of the file
  std::vector<std::string> names;     ///< by which others find it; its own is the first
  std::map<std::string, bool> needs;  ///< services that start before it; true: and are healthy
  std::optional<ComposeHealth> health;
  bool network = true;
  sandbox::ContainerLimits limits;
};

struct ComposeFile {
  std::vector<ComposeService> services;  ///< in the order of their start; `client` as late as it can be
};

/// Read a file, which has the service `client`, the agent's place. `variables` stand for "${NAME}". What this
/// program cannot do (privileges, devices, several networks, ...) throws Error(Unavailable) that names it
/// with its line: such a task must not run in part. Throws Error(Format) for what is no compose file.
ComposeFile read_compose(const std::filesystem::path& file,
                         const std::map<std::string, std::string>& variables);

}  // namespace ipw::harness
