// SPDX-License-Identifier: Apache-2.0
// The registry of what a model can be given to call.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/base/registry.h"
#include "ipw/tools/tool.h"

namespace ipw::tools {

struct ToolOptions {
  std::string options_json = "{}";               ///< a JSON object; which keys, says the tool's page
  std::filesystem::path cache_dir;               ///< for indexes; empty: indexes in ipw's cache
  Clock* clock = nullptr;                        ///< null: the machine's; outlives the tool
  std::stop_token stop;                          ///< ends the making of an index
  std::function<void(const std::string&)> tell;  ///< hears how far that is; may be empty
};

/// A factory throws Error with a hint where its tool cannot work: Usage for options, NotFound for documents,
/// Unavailable for a key or a server that is missing.
using ToolEntry = Entry<Tool, const ToolOptions&>;
/// The registry: tools.cpp.
std::span<const ToolEntry> tools();

/// Make a tool by its name or by the name that the Python suite has for it (`shell`, `retrieval:bm25`).
/// Throws Error(Usage) with near names, and what the factory throws.
std::unique_ptr<Tool> make_tool(std::string_view name, const ToolOptions& options);

/// The row's name for such a name; an unknown one comes back as it is.
std::string_view canonical_name(std::string_view name);

}  // namespace ipw::tools
