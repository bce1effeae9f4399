// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/world.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "ipw/sim/truth.h"

namespace ipw::sim {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class Simulated : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("ipw-world-" + std::to_string(::getpid()));
    world_ = make_world(root_, 5 * kSecond);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  World& world() { return **world_; }

  std::filesystem::path root_;
  std::unique_ptr<MappedWorld> world_;
};

TEST_F(Simulated, standing_signal_repeats_and_load_adds_to_it) {
  Device& gpu = add_device(world(), "nvidia", "GPU", {{1, 100}, {1, 300}});
  EXPECT_DOUBLE_EQ(true_joules(world(), gpu, 5 * kSecond), 0);
  EXPECT_DOUBLE_EQ(true_joules(world(), gpu, 8 * kSecond), 500);
  set_load(gpu, 9 * kSecond, 50);
  set_load(gpu, 11 * kSecond, 0);
  EXPECT_DOUBLE_EQ(true_joules(world(), gpu, 13 * kSecond), 1600 + 100);
}

TEST_F(Simulated, counter_shows_the_value_of_the_last_update) {
  Device& gpu = add_device(world(), "nvidia", "GPU", {{1, 100}});
  gpu.update_seconds = 0.1;
  gpu.start_joules = 7;
  EXPECT_NEAR(shown_joules(world(), gpu, 5 * kSecond + 250'000'000), 7 + 20, 2e-3);
}

TEST_F(Simulated, power_is_the_mean_over_the_averaging_window) {
  Device& gpu = add_device(world(), "nvidia", "GPU", {{1, 100}, {1, 300}});
  gpu.update_seconds = 0.1;
  gpu.averaging_seconds = 1;
  EXPECT_NEAR(shown_watts(world(), gpu, 6 * kSecond + 500'000'000), 200, 1e-6);
}

TEST_F(Simulated, faults_act_between_their_instants) {
  Device& gpu = add_device(world(), "nvidia", "GPU", {{1, 100}});
  gpu.update_seconds = 0;
  gpu.fault[0] = {Fault::Frozen, 6 * kSecond, 7 * kSecond, 0};
  gpu.fault[1] = {Fault::Reset, 8 * kSecond, INT64_MAX, 0};
  EXPECT_NEAR(shown_joules(world(), gpu, 6 * kSecond + kSecond / 2), 100, 2e-3);
  EXPECT_NEAR(shown_joules(world(), gpu, 7 * kSecond), 200, 2e-3);
  EXPECT_NEAR(shown_joules(world(), gpu, 9 * kSecond), 100, 2e-3);
}

TEST_F(Simulated, another_process_maps_the_same_truth) {
  Device& gpu = add_device(world(), "nvidia", "GPU", {{1, 100}});
  const MappedWorld other(world_file(root_.string()));
  ASSERT_TRUE(other);
  set_load(gpu, 6 * kSecond, 20);
  EXPECT_DOUBLE_EQ(true_joules(*other, other->device[0], 7 * kSecond), 220);
}

TEST(World, a_file_that_is_no_world_is_refused) {
  EXPECT_FALSE(MappedWorld("/dev/null"));
  EXPECT_FALSE(MappedWorld("/nowhere"));
}

}  // namespace
}  // namespace ipw::sim
