// SPDX-License-Identifier: Apache-2.0
// Heavy libraries (Arrow, gRPC, libcurl, llama.cpp) live in modules that are opened when first used, so that
// `ipw --help` starts in milliseconds. A module exports `ipw_module_api`, a pointer to its table of
// functions.
#pragma once
#include <string_view>

namespace ipw {

/// Open lib/ipw/ipw-<name>.so once, from IPW_MODULE_DIR, beside the program (../lib/ipw), or the build tree,
/// and return what it exports. Thread-safe. Throws Error(Unavailable) that names the places looked at.
const void* open_module(std::string_view name);

template <class Api>
const Api& module_api(std::string_view name) {
  return *static_cast<const Api*>(open_module(name));
}

}  // namespace ipw

/// Define what a module exports; one line at the end of its source file.
#define IPW_EXPORT_MODULE(table) \
  extern "C" __attribute__((visibility("default"))) const void* const ipw_module_api = &(table)
