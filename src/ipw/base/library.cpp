// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

namespace ipw {
namespace {

std::vector<std::string> candidates(std::span<const std::string_view> names, const std::string& root,
                                    std::span<const std::string_view> folders) {
  std::vector<std::string> out;
  for (const auto name : names) {
    if (!root.empty()) {
      out.push_back(fmt::format("{}/usr/lib/{}", root, name));
      continue;
    }
    out.emplace_back(name);
    for (const auto folder : folders) out.push_back(fmt::format("{}/{}", folder, name));
  }
  return out;
}

}  // namespace

Result<Library, std::string> Library::open(std::span<const std::string_view> names, const std::string& root,
                                           std::span<const std::string_view> folders) {
  std::string tried;
  for (const std::string& candidate : candidates(names, root, folders)) {
    if (void* handle = ::dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) return Library(handle, candidate);
    const char* reason = ::dlerror();
    tried += fmt::format("{}{}", tried.empty() ? "" : "; ", reason ? reason : candidate);
  }
  return Unexpected<std::string>(tried);
}

Library::~Library() {
  if (handle_) ::dlclose(handle_);
}

Library::Library(Library&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), path_(std::move(other.path_)) {}

Library& Library::operator=(Library&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(path_, other.path_);
  return *this;
}

void* Library::symbol(std::span<const std::string_view> names) const {
  for (const auto name : names) {
    if (void* found = ::dlsym(handle_, std::string(name).c_str())) return found;
  }
  return nullptr;
}

}  // namespace ipw
