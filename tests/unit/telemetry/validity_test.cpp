// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/validity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "build.h"
#include "ipw/telemetry/window.h"

namespace ipw::telemetry {
namespace {

TEST(Validity, a_plain_window_breaks_no_rule) {
  const auto judgement = judge({.seconds = 2, .joules = 100, .half_width_joules = 3});
  EXPECT_EQ(judgement.verdict, Validity::Valid);
  EXPECT_TRUE(judgement.rules.empty());
}

TEST(Validity, every_rule_can_be_broken_and_names_its_verdict) {
  const std::vector<std::pair<const char*, WindowFacts>> cases = {
      {"coverage", {.seconds = 2, .joules = 100, .coverage = 0.9}},
      {"gap", {.seconds = 2, .joules = 100, .gap_seconds = 0.05}},
      {"modelled", {.seconds = 2, .joules = 100, .modelled = true}},
      {"no-value", {.seconds = 2}},
      {"short-for-average", {.seconds = 4.9, .joules = 100, .averaging_seconds = 1}},
      {"short-for-update", {.seconds = 0.05, .joules = 10, .update_seconds = 0.1}},
      {"sparse-sensor", {.seconds = 2, .joules = 100, .sensor_coverage = 0.25}},
      {"stuck", {.seconds = 2, .joules = 100, .stuck = true}},
      {"throttled", {.seconds = 2, .joules = 100, .throttle = 1}},
      {"unknown-wraps", {.seconds = 2, .joules = 100, .unknown_wraps = true}},
      {"wide", {.seconds = 2, .joules = 100, .half_width_joules = 51}},
  };
  EXPECT_EQ(cases.size(), validity_rules().size());
  for (const auto& [id, facts] : cases) {
    const auto judgement = judge(facts);
    EXPECT_EQ(judgement.rules, std::vector<std::string>{id});
    EXPECT_EQ(judgement.verdict, verdict_of(judgement.rules)) << id;
    EXPECT_NE(judgement.verdict, Validity::Valid) << id;
    EXPECT_FALSE(explain(id).empty());
  }
}

TEST(Validity, the_gravest_rule_comes_first) {
  const auto judgement =
      judge({.seconds = 2, .joules = 100, .coverage = 0.5, .gap_seconds = 1, .throttle = 1});
  EXPECT_EQ(judgement.rules, (std::vector<std::string>{"coverage", "gap", "throttled"}));
  EXPECT_EQ(judgement.verdict, Validity::Invalid);
}

TEST(Validity, an_unknown_rule_of_a_later_version_lowers_the_confidence) {
  const std::vector<std::string> rules{"phase-of-the-moon"};
  EXPECT_EQ(verdict_of(rules), Validity::LowConfidence);
}

TEST(Validity, the_page_lists_every_rule) {
  std::ifstream file(std::string(IPW_SOURCE_DIR) + "/docs/reference/validity.md");
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const auto& rule : validity_rules())
    EXPECT_NE(page.find("| `" + std::string(rule.id) + "` |"), std::string::npos) << rule.id;
}

TEST(Validity, stands_in_the_record_of_a_window) {
  Series series(make_domain("gpu-0", Scope::Accelerator));
  for (int n = 0; n <= 100; ++n) series.feed(energy_reading(n * 0.05, 500));
  EXPECT_EQ(measure(series, at(2), at(3)).validity, (std::vector<std::string>{"no-value", "stuck"}));
  const auto steady = poll_counter(constant_signal(80), 5, 0.02, 0.05);
  EXPECT_TRUE(measure(steady, at(1), at(3)).validity.empty());
  EXPECT_EQ(measure(steady, at(1), at(3), Rule::EdgeAware, kThrottlePowerCap).validity,
            std::vector<std::string>{"throttled"});
}

}  // namespace
}  // namespace ipw::telemetry
