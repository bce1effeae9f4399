// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/merged_source.h"

#include <gtest/gtest.h>

#include "../rpc/fake_source.h"
#include "ipw/base/error.h"

namespace ipw::telemetry {
namespace {

using rpc::FakeSource;
using rpc::make_domain;
using rpc::tick;

class MergedSourceTest : public testing::Test {
 protected:
  MergedSourceTest() {
    Domain part = make_domain("package-0/dram", Scope::Dram, "rapl");
    part.parent = "package-0";
    auto one =
        std::make_unique<FakeSource>(std::vector{make_domain("gpu-0", Scope::Accelerator, "nvidia"),
                                                 make_domain("package-0", Scope::Package, "rapl"), part});
    auto two = std::make_unique<FakeSource>(std::vector{make_domain("gpu-0", Scope::Accelerator, "nvidia")});
    one_ = one.get();
    two_ = two.get();
    std::vector<NamedSource> parts;
    parts.push_back({"bench", std::move(one)});
    parts.push_back({"bench", std::move(two)});
    merged_ = merge_sources(std::move(parts));
  }
  void live(int from, int to) {
    for (int i = from; i < to; ++i) {
      one_->emit(tick(i), {3.0 * i, 1.0 * i, 0.5 * i}, {{Gauge::CpuMemoryMb, tick(i), 1000}});
      two_->emit(tick(i), {5.0 * i}, {{Gauge::CpuMemoryMb, tick(i), 500}});
    }
  }

  FakeSource* one_ = nullptr;
  FakeSource* two_ = nullptr;
  std::unique_ptr<Source> merged_;
};

TEST_F(MergedSourceTest, domains_have_the_nodes_name_in_front_and_keep_their_tree) {
  const auto& domains = merged_->domains();
  ASSERT_EQ(domains.size(), 4U);
  EXPECT_EQ(domains[0].name, "bench/gpu-0");
  EXPECT_EQ(domains[2].name, "bench/package-0/dram");
  EXPECT_EQ(domains[2].parent, "bench/package-0");
  EXPECT_EQ(domains[1].parent, "");
  EXPECT_EQ(domains[3].name, "bench-2/gpu-0");
}

TEST_F(MergedSourceTest, a_window_has_the_energies_of_every_node) {
  live(0, 40);
  const auto report = merged_->window(tick(10), tick(30));
  ASSERT_EQ(report.energies.size(), 4U);
  EXPECT_EQ(report.energies[3].domain, "bench-2/gpu-0");
  EXPECT_NEAR(report.energies[0].joules.value(), 60, 0.5);
  EXPECT_NEAR(report.energies[3].joules.value(), 100, 0.5);
  EXPECT_NEAR(report.gpu_power_watts.value().avg, 160, 5);
  EXPECT_NEAR(report.cpu_memory_mb.value().avg, 1500, 1);
}

TEST_F(MergedSourceTest, is_settled_when_every_node_is) {
  live(0, 20);
  EXPECT_TRUE(merged_->settled(tick(15)));
  for (int i = 30; i < 36; ++i) one_->emit(tick(i), {60.0 + i, 30.0 + i, 15.0 + i});
  EXPECT_FALSE(merged_->settled(tick(25)));
  for (int i = 30; i < 36; ++i) two_->emit(tick(i), {120.0 + i});
  EXPECT_TRUE(merged_->settled(tick(25)));
}

TEST_F(MergedSourceTest, hands_on_every_sample_with_its_own_indices_and_numbers) {
  std::vector<Sample> seen;
  merged_->tap([&](const Sample& sample) { seen.push_back(sample); });
  one_->emit(tick(0), {1.0, 1.0, std::nullopt});
  two_->emit(tick(0), {2.0});
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].silent.at(0).domain, 2U);
  EXPECT_EQ(seen[1].readings.at(0).domain, 3U);
  EXPECT_EQ(seen[0].sequence + 1, seen[1].sequence);
}

TEST_F(MergedSourceTest, tells_the_problems_of_each_node_with_its_name) {
  live(0, 5);
  two_->emit(tick(6), {std::nullopt});
  const auto problems = merged_->self().problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_TRUE(problems[0].starts_with("bench-2: gpu-0")) << problems[0];
  EXPECT_EQ(merged_->description(), "bench: fake; bench-2: fake");
  EXPECT_EQ(merged_->machine().cpu_count, 8);
}

TEST(MergeSources, one_is_handed_back_as_it_is_and_none_is_wrong) {
  std::vector<NamedSource> parts;
  parts.push_back(
      {"alone", std::make_unique<FakeSource>(std::vector{make_domain("gpu-0", Scope::Accelerator, "x")})});
  EXPECT_EQ(merge_sources(std::move(parts))->domains().at(0).name, "gpu-0");
  EXPECT_THROW(merge_sources({}), Error);
}

}  // namespace
}  // namespace ipw::telemetry
