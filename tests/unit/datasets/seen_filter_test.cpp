// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/seen_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace ipw::datasets {
namespace {

TEST(SeenFilter, knows_every_text_again_and_takes_no_new_one_for_it) {
  SeenFilter seen;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(seen.insert("What is " + std::to_string(i) + "?")) << i;
  for (int i = 0; i < 100'000; ++i) ASSERT_FALSE(seen.insert("What is " + std::to_string(i) + "?")) << i;
}

}  // namespace
}  // namespace ipw::datasets
