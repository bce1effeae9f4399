// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/compose.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/base/files.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;

class Compose : public testing::Test {
 protected:
  Compose()
      : folder_(fs::canonical(testing::TempDir()) /
                ("compose-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    make_directories(folder_);
  }
  ~Compose() override { fs::remove_all(folder_); }
  ComposeService read(const std::string& text) const {
    write_file_atomic(folder_ / "docker-compose.yaml", text);
    return read_compose(folder_ / "docker-compose.yaml",
                        {{"T_BENCH_TEST_DIR", "/tests"}, {"LOGS", ""}, {"PLACE", "/logs"}});
  }
  std::string refusal(const std::string& text) const {
    try {
      read(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "taken";
  }
  fs::path folder_;
};

TEST_F(Compose, reads_the_client_as_the_benchmark_writes_it) {
  const auto s = read(R"(services:
  client:
    build:
      dockerfile: Dockerfile
    image: ${NAME:-none}
    container_name: x
    command: [ "sh", "-c", "sleep infinity" ]
    environment:
      - TEST_DIR=${T_BENCH_TEST_DIR}
      - PRICE=5$$
    volumes:
      - ${LOGS}:${PLACE}
      - ./data:/data
    deploy:
      resources:
        limits:
          cpus: "2"
          memory: 512M
)");
  EXPECT_EQ(s.context, folder_);
  EXPECT_EQ(s.command, (std::vector<std::string>{"sh", "-c", "sleep infinity"}));
  EXPECT_EQ(s.environment, (std::map<std::string, std::string>{{"TEST_DIR", "/tests"}, {"PRICE", "5$"}}));
  ASSERT_EQ(s.files.size(), 1U);
  EXPECT_EQ(s.files[0], (std::pair<fs::path, std::string>(folder_ / "data", "/data")));
  EXPECT_EQ(s.limits.cpus, 2);
  EXPECT_EQ(s.limits.memory_bytes, 512U << 20);
  EXPECT_TRUE(s.network);
}
TEST_F(Compose, takes_an_image_where_nothing_is_built) {
  const auto s = read(
      "services: {client: {image: 'x:1', network_mode: none, working_dir: /app, user: dev, environment: {A: "
      "b}}}");
  EXPECT_TRUE(s.context.empty());
  EXPECT_EQ(s.image, "x:1");
  EXPECT_EQ(s.folder, "/app");
  EXPECT_EQ(s.user, "dev");
  EXPECT_EQ(s.environment.at("A"), "b");
  EXPECT_FALSE(s.network);
}
TEST_F(Compose, refuses_what_cannot_be_done_here_and_says_what) {
  const auto client = [](const std::string& more) { return "services: {client: {image: x, " + more + "}}"; };
  EXPECT_NE(refusal("services: {client: {image: x}, db: {image: y}}").find("service 'db'"),
            std::string::npos);
  EXPECT_NE(refusal("services: {main: {image: x}}").find("no service 'client'"), std::string::npos);
  EXPECT_NE(refusal(client("privileged: true")).find("'privileged'"), std::string::npos);
  EXPECT_NE(refusal(client("cap_add: [SYS_ADMIN]")).find("'cap_add'"), std::string::npos);
  EXPECT_NE(refusal(client("environment: [SECRET]")).find("SECRET"), std::string::npos);
  EXPECT_NE(refusal(client("command: '${HOME}'")).find("HOME"), std::string::npos);
  EXPECT_NE(refusal(client("volumes: ['/etc:/host']")).find("/etc"), std::string::npos);
  EXPECT_NE(refusal(client("volumes: ['../..:/host']")).find("outside"), std::string::npos);
  EXPECT_NE(refusal(client("network_mode: host")).find("host"), std::string::npos);
  EXPECT_NE(refusal(client("mem_limit: much")).find("much"), std::string::npos);
  EXPECT_NE(refusal("services: {client: {build: {context: ., args: {A: b}}}}").find("build.args"),
            std::string::npos);
  EXPECT_NE(refusal("services: [").find("docker-compose.yaml"), std::string::npos);
}
TEST(Bytes, are_read_with_their_units) {
  EXPECT_EQ(bytes_of("2G"), std::uint64_t{2} << 30);
  EXPECT_EQ(bytes_of("1.5gb"), std::uint64_t{3} << 29);
  EXPECT_EQ(bytes_of("64 MiB"), std::uint64_t{64} << 20);
  EXPECT_EQ(bytes_of("100"), 100U);
  for (const auto* none : {"", "b", "-1g", "x", "1x", "1e40"}) EXPECT_EQ(bytes_of(none), 0U) << none;
}

}  // namespace
}  // namespace ipw::harness
