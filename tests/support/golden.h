// SPDX-License-Identifier: Apache-2.0
// Outputs that stand in tests/golden as they should be.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "ipw/base/files.h"

namespace ipw {

/// Compare with tests/golden/NAME; IPW_APPROVE=1 writes it anew (./dev approve).
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(IPW_SOURCE_DIR "/tests/golden/") + name;
  if (std::getenv("IPW_APPROVE") != nullptr) write_file_atomic(path, text);
  EXPECT_EQ(text, read_file(path)) << "run with IPW_APPROVE=1 if the change is meant";
}

}  // namespace ipw
