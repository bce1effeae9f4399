// SPDX-License-Identifier: Apache-2.0
// The one service of a Terminal-Bench task's docker-compose.yaml.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ipw/sandbox/container.h"

namespace ipw::harness {

struct ComposeService {
  std::filesystem::path context;  ///< built where it is not empty
  std::string dockerfile = "Dockerfile";
  std::string image;         ///< taken where nothing is built
  std::string folder, user;  ///< empty: the image's
  std::map<std::string, std::string> environment;
  std::vector<std::string> command;                                  ///< empty: the harness's
  std::vector<std::pair<std::filesystem::path, std::string>> files;  ///< to be copied in: path, place
  bool network = true;
  sandbox::ContainerLimits limits;
};

/// Read the service `client` of a file. `variables` stand for "${NAME}". What this program cannot do (more
/// services, privileges, devices, ...) throws Error(Unavailable) that names it: such a task must not run in
/// part.
ComposeService read_compose(const std::filesystem::path& file,
                            const std::map<std::string, std::string>& variables);

/// "512m", "2G", "1.5gb" or bytes; 0 where it is none of them.
std::uint64_t bytes_of(std::string_view text);

}  // namespace ipw::harness
