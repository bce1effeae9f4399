// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_place.h"

#include <gtest/gtest.h>

#include "ipw/base/error.h"

namespace ipw::execution {
namespace {

/// What is said to be missing for a run whose first question has this rule.
std::string missing(const AgentChoice& agent, const char* rule) {
  datasets::Question first;
  first.scorer = rule;
  try {
    check_task_place(agent, first);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(CheckTaskPlace, asks_for_the_image_only_where_a_task_will_be_in_it) {
  AgentChoice agent;
  agent.sandbox = "container";
  agent.sandbox_engine = "ssh://elsewhere";
  EXPECT_NE(missing(agent, "exact").find("needs an image"), std::string::npos);
  for (const auto* rule : {"terminalbench", "swebench", "swefficiency"})
    EXPECT_EQ(missing(agent, rule), "'ssh://elsewhere' is no address of a container engine") << rule;
}
TEST(CheckTaskPlace, asks_for_the_engine_where_tasks_bring_containers_whatever_the_sandbox) {
  AgentChoice agent;
  agent.sandbox = "none";
  agent.sandbox_engine = "ssh://elsewhere";
  EXPECT_EQ(missing(agent, "exact"), "nothing");
  EXPECT_EQ(missing(agent, "swebench"), "'ssh://elsewhere' is no address of a container engine");
}
TEST(CheckTaskPlace, an_unknown_sandbox_is_said_also_where_it_would_not_be_used) {
  AgentChoice agent;
  agent.sandbox = "nowhere";
  EXPECT_NE(missing(agent, "swebench").find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace ipw::execution
