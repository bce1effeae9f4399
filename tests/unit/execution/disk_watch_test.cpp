// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/disk_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "ipw/base/error.h"

namespace ipw::execution {
namespace {

/// A place that says how much is written in it.
class Scripted final : public sandbox::Workplace {
 public:
  sandbox::CommandEnd run(const sandbox::Command&) override { return {}; }
  std::string folder() const override { return "/"; }
  std::optional<int> listen(int) override { return std::nullopt; }
  std::optional<std::uint64_t> disk_use(std::uint64_t) override {
    ++looks;
    if (broken) throw Error(ErrorCode::Unavailable, "no engine");
    return known ? std::optional(bytes.load()) : std::nullopt;
  }
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<int> looks{0};
  bool known = true, broken = false;
};

struct DiskWatchTest : testing::Test {
  Scripted place;
  VirtualClock clock;
  std::stop_source run;
  DiskWatch watch(std::uint64_t most) {
    return {place, most, clock, run.get_token(), std::chrono::milliseconds(1)};
  }
};

TEST_F(DiskWatchTest, stops_a_task_that_has_written_too_much) {
  auto disk = watch(1000);
  std::promise<void> stopped;
  const std::stop_callback heard(disk.stop(), [&] { stopped.set_value(); });
  place.bytes = 1001;
  stopped.get_future().wait();
  EXPECT_FALSE(run.stop_requested());
  EXPECT_EQ(disk.finish(), "the task's files took 1001 B on disk; --max-task-disk allows 1000 B");
}
TEST_F(DiskWatchTest, looks_once_more_at_the_end) {
  auto disk = watch(1000);
  while (place.looks == 0) std::this_thread::yield();
  place.bytes = 5000;
  EXPECT_NE(disk.finish(), std::nullopt);
}
TEST_F(DiskWatchTest, lets_a_task_within_its_limit_go_on) {
  place.bytes = 1000;
  auto disk = watch(1000);
  while (place.looks < 3) std::this_thread::yield();
  EXPECT_FALSE(disk.stop().stop_requested());
  EXPECT_EQ(disk.finish(), std::nullopt);
}
TEST_F(DiskWatchTest, is_stopped_with_the_run) {
  auto disk = watch(1000);
  run.request_stop();
  EXPECT_TRUE(disk.stop().stop_requested());
  EXPECT_EQ(disk.finish(), std::nullopt);
}
TEST_F(DiskWatchTest, without_a_limit_it_does_not_look) {
  place.bytes = 5000;
  auto disk = watch(0);
  EXPECT_EQ(disk.finish(), std::nullopt);
  EXPECT_EQ(place.looks, 0);
}
TEST_F(DiskWatchTest, a_place_that_cannot_tell_ends_no_task) {
  place.known = false;
  EXPECT_EQ(watch(1).finish(), std::nullopt);
  place.broken = true;
  auto disk = watch(1);
  EXPECT_EQ(disk.finish(), std::nullopt);
}

}  // namespace
}  // namespace ipw::execution
