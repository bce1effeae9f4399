// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/inference_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "temporary_root.h"

namespace ipw::sim {
namespace {

/// Answers of a server, played in virtual time as http::serve() would.
class Served : public testing::Test {
 protected:
  Served() { clock_.advance(std::chrono::seconds(5)); }

  http::ServerResponse post(const Json& body, const char* target = "/v1/chat/completions") {
    return server_.answer({"POST", target, {}, dump_json(body)});
  }
  Json get(const std::string& target) {
    return parse_json(server_.answer({"GET", target, {}, ""}).body).value();
  }

  // Pull a stream to its end; time goes on by the delays.
  std::string play(const http::ServerResponse& response) {
    std::string out;
    for (http::Piece piece = response.stream(); !piece.bytes.empty(); piece = response.stream()) {
      clock_.advance(piece.delay);
      out += piece.bytes;
    }
    return out;
  }

  static Json request(bool stream) {
    return {{"model", "simulated"},
            {"messages", Json::array({{{"role", "user"}, {"content", "one two three four"}}})},
            {"stream", stream},
            {"stream_options", {{"include_usage", true}}}};
  }
  static Json usage_of(const std::string& stream) {
    const auto at = stream.rfind("data: {");
    return parse_json(stream.substr(at + 6, stream.find('\n', at) - at - 6)).value().at("usage");
  }

  TemporaryRoot root_;
  VirtualClock clock_;
  Machine machine_ =
      make_machine({.root = root_.path(), .accelerators = {"nvidia"}, .sockets = 1, .epoch_ns = 0});
  InferenceServer server_{machine_, {.answers = Answers::Echo}, clock_};
};

TEST_F(Served, a_stream_has_a_token_an_event_and_ends_with_usage) {
  const std::string text = play(post(request(true)));
  EXPECT_NE(text.find(R"("delta":{"content":"one"})"), std::string::npos);
  EXPECT_TRUE(text.ends_with("data: [DONE]\n\n"));
  const Json usage = usage_of(text);
  EXPECT_EQ(usage.at("completion_tokens"), 4);
  EXPECT_EQ(usage.at("prompt_tokens"), 4 + 4);
}

TEST_F(Served, a_request_takes_the_asked_time_and_costs_its_tokens) {
  const Instant begin = clock_.now();
  const Json usage = usage_of(play(post(request(true))));
  EXPECT_NEAR(to_seconds(clock_.now() - begin), 0.080 + 3 * 0.015, 1e-6);
  const double joules = usage.at("ipw_sim").at("joules").at("nvidia-0");
  EXPECT_NEAR(joules, 8 * 0.15 + 3 * 0.6, 1e-6);
}

TEST_F(Served, requests_and_idle_are_the_truth_of_every_device) {
  double sum = 0;
  for (int i = 0; i < 5; ++i) {
    sum += usage_of(play(post(request(true)))).at("ipw_sim").at("joules").at("package-0").get<double>();
    clock_.advance(std::chrono::milliseconds(37));
  }
  const Report report = server_.report();
  EXPECT_EQ(report.requests, 5U);
  for (const auto& d : report.devices)
    EXPECT_NEAR(d.joules, d.idle_joules + d.request_joules, 1e-9 * d.joules);
  EXPECT_NEAR(report.devices.at(1).request_joules, sum, 1e-9);
}

TEST_F(Served, a_body_that_is_no_stream_is_json_after_line_ends) {
  const std::string text = play(post(request(false)));
  const Json body = parse_json(text).value();
  EXPECT_EQ(body.at("choices").at(0).at("message").at("content"), "one two three four");
  EXPECT_NEAR(body.at("usage").at("ipw_sim").at("joules").at("nvidia-0").get<double>(), 3.0, 1e-6);
}

TEST_F(Served, plain_completions_are_served_too) {
  const Json body{{"model", "simulated"}, {"prompt", "one two"}};
  const Json answer = parse_json(play(post(body, "/v1/completions"))).value();
  EXPECT_EQ(answer.at("choices").at(0).at("text"), "one two");
  EXPECT_EQ(answer.at("object"), "text_completion");
}

TEST_F(Served, a_client_that_goes_ends_the_load_of_its_request) {
  {
    auto response = post(request(true));
    clock_.advance(response.stream().delay);
  }
  const Report report = server_.report();
  EXPECT_EQ(report.abandoned, 1U);
  EXPECT_NEAR(report.devices.at(0).request_joules, 8 * 0.15, 1e-6);
}

TEST_F(Served, truth_between_two_instants_adds_up) {
  const auto ns = [&] { return clock_.now().time_since_epoch().count(); };
  const auto begin = ns();
  const double joules = usage_of(play(post(request(true)))).at("ipw_sim").at("joules").at("nvidia-0");
  const auto end = ns();
  const Json truth = get(fmt::format("/sim/truth?from_ns={}&to_ns={}", begin, end)).at("devices").at(0);
  EXPECT_NEAR(truth.at("request_joules"), joules, 1e-9);
  EXPECT_NEAR(truth.at("idle_joules"), 90 * static_cast<double>(end - begin) * 1e-9, 1e-9);
  EXPECT_EQ(server_.answer({"GET", "/sim/truth?from_ns=9&to_ns=1", {}, ""}).status, 400);
}

TEST_F(Served, tells_its_model_and_its_health) {
  EXPECT_EQ(get("/v1/models").at("data").at(0).at("id"), "simulated");
  EXPECT_EQ(get("/health").at("status"), "ok");
}

TEST_F(Served, what_is_wrong_is_an_error_object) {
  EXPECT_EQ(server_.answer({"POST", "/v1/chat/completions", {}, "{"}).status, 400);
  EXPECT_EQ(post({{"model", "other"}, {"messages", Json::array()}}).status, 400);
  EXPECT_EQ(server_.answer({"GET", "/nothing", {}, ""}).status, 404);
  EXPECT_EQ(server_.answer({"DELETE", "/v1/models", {}, ""}).status, 405);
}

}  // namespace
}  // namespace ipw::sim
