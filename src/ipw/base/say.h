// SPDX-License-Identifier: Apache-2.0
// What a program says to people while it runs.
#pragma once
#include <fmt/core.h>

#include <cstdio>

namespace ipw {

/// Write to standard error. A full disk or a closed terminal costs the text, never the program.
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  const auto text = fmt::format(format, std::forward<Args>(args)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace ipw
