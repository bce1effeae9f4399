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
  std::vector<ComposeService> read_all(const std::string& text) const {
    write_file_atomic(folder_ / "docker-compose.yaml", text);
    return read_compose(folder_ / "docker-compose.yaml",
                        {{"T_BENCH_TEST_DIR", "/tests"}, {"LOGS", ""}, {"PLACE", "/logs"}})
        .services;
  }
  ComposeService read(const std::string& text) const {
    auto services = read_all(text);
    EXPECT_EQ(services.size(), 1U);
    return services.front();
  }
  std::vector<std::string> order(const std::string& text) const {
    std::vector<std::string> out;
    const auto services = read_all(text);
    for (const auto& service : services) out.push_back(service.name);
    return out;
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
TEST_F(Compose, says_the_line_of_what_it_refuses) {
  const std::string head = "services:\n  client:\n    image: x\n  db:\n    image: y\n";
  for (const auto& [more, what] : std::vector<std::pair<std::string, std::string>>{
           {"    privileged: true\n", ":6: 'privileged' of 'db' is not supported"},
           {"    build:\n      target: dev\n", ":7: 'build.target' of 'db' is not supported"},
           {"    depends_on:\n      client:\n        condition: service_completed_successfully\n",
            ":8: the condition 'service_completed_successfully'"},
           {"    depends_on: [cache]\n", ":5: 'db' depends on 'cache', which is no service"},
           {"    depends_on: {client: {condition: service_healthy}}\n", "no healthcheck"},
           {"    healthcheck:\n      test: [RUN, x]\n", ":7: a test begins with"},
           {"    healthcheck:\n      interval: soon\n", ":7: 'soon' is no duration"},
           {"    volumes: ['data:/data']\n", "'data' is not among the file's volumes"},
           {"    volumes: ['./a:/a:rslave']\n", ":6: the volume './a:/a:rslave'"},
           {"    environment: A=b\n", ":6: a value is no list"},
           {"    network_mode: host\n", ":6: network_mode 'host'"},
           {"    network_mode: bridge\n", "asks for the engine's network"},
           {"    networks: [a, b]\n", ":6: several networks"},
           {"    networks: [front]\n", "services in several networks"},
           {"    deploy: {replicas: 2}\n", ":6: 'deploy.replicas'"},
           {"    deploy: {resources: {reservations: {devices: [gpu]}}}\n", "reservations.devices"},
           {"    container_name: 'a b'\n", ":6: 'a b' is no name"},
           {"    command: 'sh -c \"x'\n", ":6: a quote is left open"},
           {"secrets:\n  key: {file: x}\n", ":6: 'secrets' is not supported"},
           {"volumes:\n  data: {external: true}\n", ":7: 'volumes.external'"},
           {"networks:\n  default: {ipam: {}}\n", ":7: 'networks.ipam'"}})
    EXPECT_NE(refusal(head + more).find(what), std::string::npos) << more << refusal(head + more);
  EXPECT_NE(refusal("services: {client: {image: x, depends_on: [b]}, b: {image: x, depends_on: [client]}}")
                .find("depends on itself"),
            std::string::npos);
  EXPECT_NE(refusal("- client").find("no map"), std::string::npos);
  EXPECT_NE(refusal("").find("no map"), std::string::npos);
}
TEST_F(Compose, services_start_in_the_order_of_their_needs_and_the_client_last) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(order("services: {client: {image: x}, a: {image: x, depends_on: [b]}, b: {image: x}}"),
            (Names{"b", "a", "client"}));
  EXPECT_EQ(order("services: {client: {image: x}, a: {image: x, depends_on: [client]}, b: {image: x}}"),
            (Names{"client", "a", "b"}));
}
TEST_F(Compose, reads_what_a_second_service_needs) {
  const auto services = read_all(R"(version: "3.8"
x-common: whatever
services:
  client:
    image: x
    depends_on:
      db: {condition: service_healthy}
    volumes: ["shared:/shared:ro"]
    networks: {inner: {aliases: [agent]}}
  db:
    image: y
    container_name: the-db
    hostname: db.example
    command: db --name "a b" 'c $$d'
    entrypoint: [/start]
    ports: ["5432:5432"]
    volumes: ["shared:/data"]
    networks: [inner]
    healthcheck:
      test: db-ready || exit 1
      interval: 1m30s
      timeout: 500ms
      retries: 7
      start_period: 2s
networks: {inner: {driver: bridge, internal: true}}
volumes: {shared: }
)");
  ASSERT_EQ(services.size(), 2U);
  const auto& db = services[0];
  EXPECT_EQ(db.names, (std::vector<std::string>{"db", "the-db", "db.example"}));
  EXPECT_EQ(db.command, (std::vector<std::string>{"db", "--name", "a b", "c $d"}));
  EXPECT_EQ(db.entrypoint, (std::vector<std::string>{"/start"}));
  ASSERT_TRUE(db.health);
  EXPECT_EQ(db.health->argv, (std::vector<std::string>{"/bin/sh", "-c", "db-ready || exit 1"}));
  EXPECT_EQ(db.health->interval, Seconds(90));
  EXPECT_EQ(db.health->timeout, Seconds(0.5));
  EXPECT_EQ(db.health->retries, 7);
  ASSERT_EQ(db.volumes.size(), 1U);
  EXPECT_TRUE(db.volumes[0].writable);
  const auto& client = services[1];
  EXPECT_EQ(client.names, (std::vector<std::string>{"client", "agent"}));
  EXPECT_EQ(client.needs, (std::map<std::string, bool>{{"db", true}}));
  EXPECT_FALSE(client.volumes.at(0).writable);
}
TEST_F(Compose, a_folder_of_the_task_is_no_way_to_share) {
  make_directories(folder_ / "both");
  const std::string text =
      "services: {client: {image: x, volumes: ['./both:/a']}, b: {image: x, volumes: ['./both:/b']}}";
  EXPECT_NE(refusal(text).find("share a named volume"), std::string::npos) << refusal(text);
}

}  // namespace
}  // namespace ipw::harness
