// SPDX-License-Identifier: Apache-2.0
// Short names of models that are often measured.
#pragma once
#include <span>
#include <string_view>

namespace ipw::execution {

struct Preset {
  std::string_view name, model;  ///< the model's id at the hub, as servers call it
};
/// Sorted by name.
std::span<const Preset> presets();

}  // namespace ipw::execution
