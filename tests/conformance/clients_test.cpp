// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of clients must have.
#include <gtest/gtest.h>

#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/clients/client.h"

namespace ipw::clients {
namespace {

class EveryClient : public testing::TestWithParam<ClientEntry> {};

TEST_P(EveryClient, has_a_page_that_begins_with_its_name) {
  const auto name = std::string(GetParam().name);
  EXPECT_TRUE(
      read_file(IPW_SOURCE_DIR "/docs/reference/clients/" + name + ".md").starts_with("# " + name + "\n"));
}

TEST_P(EveryClient, has_a_summary_of_one_line) {
  EXPECT_FALSE(GetParam().summary.empty());
  EXPECT_EQ(GetParam().summary.find('\n'), std::string_view::npos);
}

TEST_P(EveryClient, is_made_without_touching_the_network) {
  SystemClock clock;
  EXPECT_NE(GetParam().make({"", "", {}, 1, &clock}), nullptr);
}

TEST_P(EveryClient, rejects_an_unknown_parameter) {
  SystemClock clock;
  Params params;
  params.set("no_such_parameter", "1");
  EXPECT_THROW(GetParam().make({"", "", params, 1, &clock}), Error);
}

std::string name_of(const testing::TestParamInfo<ClientEntry>& info) {
  return std::string(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(Clients, EveryClient, testing::ValuesIn(clients().begin(), clients().end()),
                         name_of);

}  // namespace
}  // namespace ipw::clients
