// SPDX-License-Identifier: Apache-2.0
// The key that a server of ours asks for: the variable by which its program is told it.
#pragma once
#include <cstdlib>
#include <string>

#include "ipw/servers/server_engines.h"

namespace ipw::cli {

inline std::string server_key(const servers::Engine& engine) {
  if (engine.key_variable.empty()) return {};
  const char* key = std::getenv(std::string(engine.key_variable).c_str());
  return key != nullptr ? key : "";
}

}  // namespace ipw::cli
