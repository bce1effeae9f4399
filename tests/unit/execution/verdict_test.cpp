// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ipw/execution/summary.h"

namespace ipw::execution {
namespace {

Tally healthy() {
  Tally tally;
  tally.queries = tally.with_energy = tally.scored = 100;
  tally.correct = 50;
  return tally;
}

TEST(Verdict, is_valid_for_a_whole_run_with_energy) {
  EXPECT_TRUE(judge(healthy(), {}, false).valid());
}

TEST(Verdict, X25_is_invalid_without_any_query) {
  EXPECT_FALSE(judge({}, {}, false).valid());
}

TEST(Verdict, is_invalid_when_every_query_failed) {
  auto tally = healthy();
  tally.failed = tally.queries;
  EXPECT_EQ(judge(tally, {}, false).reasons, std::vector<std::string>{"every query failed"});
}

TEST(Verdict, is_invalid_when_the_energy_of_many_is_unknown) {
  auto tally = healthy();
  tally.with_energy = 94;
  EXPECT_EQ(judge(tally, {}, false).reasons,
            std::vector<std::string>{"energy is known for 94 of 100 queries"});
}

TEST(Verdict, is_invalid_when_the_sampler_missed_many_ticks) {
  telemetry::SelfReport self;
  self.ticks = 90;
  self.missed_ticks = 10;
  EXPECT_FALSE(judge(healthy(), self, false).valid());
}

TEST(Verdict, is_invalid_when_interrupted) {
  EXPECT_FALSE(judge(healthy(), {}, true).valid());
}

TEST(GpuCount, M26_is_the_number_of_gpus_that_are_measured) {
  const auto domain = [](std::string name, telemetry::Scope scope, std::string parent, std::string better) {
    telemetry::Domain d;
    d.name = std::move(name);
    d.scope = scope;
    d.parent = std::move(parent);
    d.alternative_to = std::move(better);
    return d;
  };
  using telemetry::Scope;
  EXPECT_EQ(
      gpu_count({domain("gpu-0", Scope::Accelerator, "", ""),
                 domain("gpu-1", Scope::Accelerator, "module-0", ""),
                 domain("gpu-0/mig-1", Scope::Accelerator, "gpu-0", ""),
                 domain("gpu-0/average", Scope::Accelerator, "", "gpu-0"),
                 domain("package-0", Scope::Package, "", ""), domain("module-0", Scope::Module, "", "")}),
      2U);
}

}  // namespace
}  // namespace ipw::execution
