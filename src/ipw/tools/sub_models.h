// SPDX-License-Identifier: Apache-2.0
// Which other models an agent may ask, and where they are.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/clients/client.h"
#include "ipw/tools/tools.h"

namespace ipw::tools {

struct SubModel {
  std::string alias, backend, model;
  std::string base_url, key;  ///< of the backend where the user gave none
  bool elsewhere = false;     ///< at a provider, on machines that nobody here measures
  int max_tokens = 4096;
  double temperature = 0;
  std::string system;
};

/// Read "alias:backend:model_id", "backend:model_id", or an object with these names and base_url, key_env,
/// max_tokens, temperature, system. Throws Error(Usage), and Error(Unavailable) for a provider whose key is
/// not set.
SubModel parse_sub_model(const std::string& json);

/// Names of the backends, for messages.
std::string backend_names();

}  // namespace ipw::tools
