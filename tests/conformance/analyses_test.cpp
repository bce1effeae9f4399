// SPDX-License-Identifier: Apache-2.0
// Every row of the registry has its page, and the page names it.
#include <gtest/gtest.h>

#include "ipw/analysis/analysis.h"
#include "ipw/base/files.h"

namespace ipw::analysis {
namespace {

TEST(Analyses, every_row_has_its_page) {
  for (const auto& entry : analyses()) {
    const std::string page = IPW_SOURCE_DIR "/docs/reference/analyses/" + std::string(entry.name) + ".md";
    EXPECT_NE(read_file(page).find("# Analysis `" + std::string(entry.name) + "`"), std::string::npos)
        << page;
    EXPECT_FALSE(entry.summary.empty());
  }
}

TEST(Analyses, C15_the_registry_holds_what_the_documentation_names) {
  EXPECT_EQ(names(analyses()),
            (std::vector<std::string_view>{"accuracy", "actions", "efficiency", "regression"}));
}

}  // namespace
}  // namespace ipw::analysis
