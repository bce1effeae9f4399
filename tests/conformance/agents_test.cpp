// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of agents must have.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "ipw/agents/agent.h"
#include "ipw/base/error.h"
#include "ipw/base/files.h"

namespace ipw::agents {
namespace {

class EveryAgent : public testing::TestWithParam<AgentEntry> {};

TEST_P(EveryAgent, has_a_page_that_begins_with_its_name) {
  const auto name = std::string(GetParam().name);
  EXPECT_TRUE(
      read_file(IPW_SOURCE_DIR "/docs/reference/agents/" + name + ".md").starts_with("# " + name + "\n"));
}

TEST_P(EveryAgent, rejects_an_unknown_argument) {
  SystemClock clock;
  AgentOptions options;
  options.clock = &clock;
  options.sandbox = "none";
  options.kwargs_json = R"({"no_such_argument": 1})";
  EXPECT_THROW(GetParam().make(options), Error);
  options.kwargs_json = "[]";
  EXPECT_THROW(GetParam().make(options), Error);
}

std::string name_of(const testing::TestParamInfo<AgentEntry>& info) {
  auto out = std::string(info.param.name);
  std::ranges::replace(out, '-', '_');
  return out;
}

INSTANTIATE_TEST_SUITE_P(Agents, EveryAgent, testing::ValuesIn(agents().begin(), agents().end()), name_of);

}  // namespace
}  // namespace ipw::agents
