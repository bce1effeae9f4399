// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/engine_api.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/http/server.h"
#include "ipw/sandbox/engine_container.h"

namespace ipw::sandbox {
namespace {

TEST(EngineApi, endpoints_are_read_or_refused) {
  EXPECT_EQ(parse_endpoint("unix:///run/docker.sock").unix_socket, "/run/docker.sock");
  const auto tcp = parse_endpoint("tcp://10.0.0.1:2375");
  EXPECT_EQ(tcp.base_url, "http://10.0.0.1:2375");
  EXPECT_TRUE(tcp.unix_socket.empty());
  for (const auto* wrong : {"", "unix://relative", "ssh://host", "/run/docker.sock", "tcp://"})
    EXPECT_THROW(parse_endpoint(wrong), Error) << wrong;
}

TEST(EngineApi, an_engine_that_is_away_is_told_with_how_to_start_one) {
  const EngineApi api(parse_endpoint("unix:///nowhere/engine.sock"));
  try {
    api.must({.path = "/_ping"}, "ping");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("unix:///nowhere/engine.sock"), std::string::npos);
    EXPECT_NE(error.hint().find("podman system service"), std::string::npos);
  }
}

/// An engine that gives one answer.
struct Fake {
  explicit Fake(http::ServerResponse response)
      : server(http::serve([response](const http::ServerRequest&) { return response; })),
        api(parse_endpoint(fmt::format("tcp://127.0.0.1:{}", server->port()))) {}
  std::unique_ptr<http::Server> server;
  EngineApi api;
};

std::string failure_of(http::ServerResponse response) {
  const Fake fake(std::move(response));
  try {
    fake.api.follow({.method = "POST", .path = "/build"}, "cannot build");
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(EngineApi, an_error_within_the_progress_is_an_error) {
  EXPECT_EQ(failure_of({.body = "{\"stream\":\"STEP 1\\n\"}\n{\"stream\":\"STEP 2\\n\"}\n"}), "none");
  EXPECT_EQ(failure_of({.body = "{\"stream\":\"STEP 1\\n\"}\n{\"error\":\"exit 3\"}\n"}),
            "cannot build: exit 3\nSTEP 1");
  EXPECT_EQ(failure_of({.body = "{\"errorDetail\":{\"message\":\"no such base\"}}"}),
            "cannot build: no such base");
  EXPECT_NE(
      failure_of({.status = 500, .body = "{\"message\":\"broken\"}"}).find("cannot build: broken (HTTP 500"),
      std::string::npos);
}

TEST(EngineApi, an_answer_that_is_no_object_is_an_error) {
  for (const auto* body : {"[]", "null", "<html>", ""}) {
    const Fake fake({.body = body});
    EXPECT_THROW(fake.api.must_json({.path = "/version"}, "cannot ask"), Error) << body;
  }
}

TEST(EngineApi, an_image_without_a_tag_means_latest) {
  EXPECT_EQ(with_tag("alpine"), "alpine:latest");
  EXPECT_EQ(with_tag("host:5000/a/b"), "host:5000/a/b:latest");
  EXPECT_EQ(with_tag("a/b:1"), "a/b:1");
  EXPECT_EQ(with_tag("a/b@sha256:00"), "a/b@sha256:00");
}

TEST(EngineApi, only_the_containers_of_ended_runs_have_no_owner) {
  EXPECT_FALSE(owner_is_gone(owner_label()));
  EXPECT_FALSE(owner_is_gone(""));
  EXPECT_FALSE(owner_is_gone("other-boot pid:[1] 1 1"));
  auto label = owner_label();
  label.back() = label.back() == '1' ? '2' : '1';  // the same number, started at another time
  EXPECT_TRUE(owner_is_gone(label));
}

}  // namespace
}  // namespace ipw::sandbox
