// SPDX-License-Identifier: Apache-2.0
// What a test found out about a goal of the telemetry (R, O, E, F and P in
// docs/reference/telemetry-truth.md).
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ipw {

/// Say what was measured for a goal: on the screen and, when IPW_GOALS names a file, as a line of it, from
/// which the page is made. Call it from the test named after the goal, once for each line of the page.
inline void report_goal(std::string_view id, bool met, std::string_view measured) {
  fmt::print("goal {}: {}: {}\n", id, met ? "met" : "NOT MET", measured);
  const char* path = std::getenv("IPW_GOALS");
  std::FILE* file = path ? std::fopen(path, "a") : nullptr;
  if (!file) return;
  fmt::print(file, "{}\t{}\t{}\n", id, met ? "met" : "not met", measured);
  std::fclose(file);
}

}  // namespace ipw
