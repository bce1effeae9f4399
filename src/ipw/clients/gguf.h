// SPDX-License-Identifier: Apache-2.0
// What can be said of a model file and this machine before llama.cpp is loaded.
#pragma once
#include <filesystem>

namespace ipw::clients {

/// Look at the first bytes: the library's own complaint about a web page saved as a model helps nobody.
/// Throws Error(NotFound | Permission | Format).
void check_gguf(const std::filesystem::path& path);

/// Processors that this process may use.
int allowed_cpus();

/// Threads for a model of this size.
int default_threads(const std::filesystem::path& model);

}  // namespace ipw::clients
