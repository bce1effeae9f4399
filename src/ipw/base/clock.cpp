// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/clock.h"

#include <ctime>

namespace ipw {

Nanoseconds SystemClock::asleep() const {
  timespec ts{};
  clock_gettime(CLOCK_BOOTTIME, &ts);
  return std::chrono::seconds(ts.tv_sec) + Nanoseconds(ts.tv_nsec) - now().time_since_epoch();
}

void SystemClock::sleep_until(Instant deadline) {
  const auto ns = deadline.time_since_epoch().count();
  const timespec ts{ns / 1'000'000'000, ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, nullptr) != 0) {
  }
}

WallTime VirtualClock::wall() const {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(Nanoseconds(now_ns_.load())));
}

void VirtualClock::sleep_until(Instant deadline) {
  const auto target = deadline.time_since_epoch().count();
  auto current = now_ns_.load();
  while (current < target && !now_ns_.compare_exchange_weak(current, target)) {
  }
}

std::int64_t unix_nanos(WallTime t) {
  return std::chrono::duration_cast<Nanoseconds>(t.time_since_epoch()).count();
}

}  // namespace ipw
