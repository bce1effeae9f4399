// SPDX-License-Identifier: Apache-2.0
// Libraries of vendors, opened at run time: the program needs none of them to be installed.
#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "ipw/base/result.h"

namespace ipw {

/// A shared library, open until this goes. Thread-safe.
class Library {
 public:
  /// Open the first of several files: below `root`/usr/lib alone when a root is given (a fixture or a
  /// simulated machine), else where the loader looks and in `folders`. The error names each attempt.
  static Result<Library, std::string> open(std::span<const std::string_view> names, const std::string& root,
                                           std::span<const std::string_view> folders = {});
  ~Library();
  Library(Library&& other) noexcept;
  Library& operator=(Library&& other) noexcept;

  const std::string& path() const { return path_; }
  /// Find the first symbol that is there; null when none is.
  void* symbol(std::span<const std::string_view> names) const;

 private:
  Library(void* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  void* handle_ = nullptr;
  std::string path_;
};

/// Point a function pointer at the first symbol that is there. Returns whether one was.
template <class Function>
bool bind(const Library& library, Function*& function, std::initializer_list<std::string_view> names) {
  function = reinterpret_cast<Function*>(library.symbol(std::span(names.begin(), names.size())));
  return function != nullptr;
}

}  // namespace ipw
