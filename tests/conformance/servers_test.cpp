// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of servers must have.
#include <gtest/gtest.h>

#include <set>

#include "ipw/base/files.h"
#include "ipw/servers/server_engines.h"

namespace ipw::servers {
namespace {

TEST(Servers, have_a_section_each_in_the_reference) {
  const auto page = read_file(IPW_SOURCE_DIR "/docs/reference/servers.md");
  for (const auto& engine : engines()) {
    EXPECT_NE(page.find("\n| `" + std::string(engine.name) + "` | "), std::string::npos) << engine.name;
    EXPECT_NE(page.find("| " + std::to_string(engine.port) + " |"), std::string::npos) << engine.name;
    EXPECT_NE(page.find("`" + std::string(engine.client) + "`"), std::string::npos) << engine.name;
  }
}

TEST(Servers, say_what_to_install_and_when_they_are_ready) {
  std::set<std::string_view> clients;
  for (const auto& engine : engines()) {
    EXPECT_FALSE(engine.summary.empty() || engine.install_hint.empty() || engine.program.empty());
    EXPECT_TRUE(engine.ready_path.starts_with("/")) << engine.name;
    EXPECT_TRUE(clients.insert(engine.client).second) << engine.client;
    EXPECT_EQ(engine_of_client(engine.client), &engine);
  }
}

}  // namespace
}  // namespace ipw::servers
