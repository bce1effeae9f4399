// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of workplaces must have.
#include <gtest/gtest.h>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/sandbox/workplaces.h"

namespace ipw::sandbox {
namespace {

class EverySandbox : public testing::TestWithParam<WorkplaceEntry> {};

TEST_P(EverySandbox, has_a_page_that_begins_with_its_name) {
  const auto name = std::string(GetParam().name);
  EXPECT_TRUE(
      read_file(IPW_SOURCE_DIR "/docs/reference/sandboxes/" + name + ".md").starts_with("# " + name + "\n"));
}

TEST_P(EverySandbox, says_what_it_needs) {
  EXPECT_THROW(GetParam().make({}), Error);
}

INSTANTIATE_TEST_SUITE_P(Sandboxes, EverySandbox, testing::ValuesIn(workplaces().begin(), workplaces().end()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace ipw::sandbox
