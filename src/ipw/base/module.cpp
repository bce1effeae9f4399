// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ipw/base/error.h"

namespace ipw {
namespace {

std::vector<std::filesystem::path> module_places() {
  std::vector<std::filesystem::path> places;
  if (const char* set = std::getenv("IPW_MODULE_DIR")) places.emplace_back(set);
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  places.push_back(program.parent_path().parent_path() / "lib" / "ipw");
  // A test or bench program lies deeper in the build tree than bin/.
  places.push_back(program.parent_path().parent_path().parent_path() / "lib" / "ipw");
  return places;
}

const void* load(std::string_view name) {
  std::string tried;
  for (const auto& place : module_places()) {
    const auto file = place / fmt::format("ipw-{}.so", name);
    if (!std::filesystem::exists(file)) {
      tried += fmt::format("\n  {}: not there", file.string());
      continue;
    }
    void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* symbol = handle ? ::dlsym(handle, "ipw_module_api") : nullptr;
    if (symbol) return *static_cast<const void* const*>(symbol);
    const char* reason = ::dlerror();
    tried += fmt::format("\n  {}: {}", file.string(), reason ? reason : "no ipw_module_api in it");
  }
  throw Error(ErrorCode::Unavailable, fmt::format("the part '{}' of ipw cannot be loaded:{}", name, tried),
              "install ipw whole, or set IPW_MODULE_DIR to the folder lib/ipw of the build");
}

}  // namespace

const void* open_module(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, const void*, std::less<>> loaded;
  const std::lock_guard lock(mutex);
  if (const auto it = loaded.find(name); it != loaded.end()) return it->second;
  return loaded.emplace(name, load(name)).first->second;
}

}  // namespace ipw
