// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/gpu_metrics.h"

#include <gtest/gtest.h>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {
namespace {

// A table with all bits set, as the driver begins it.
std::string blank(unsigned size, unsigned format, unsigned content) {
  std::string out(size, '\xff');
  out[0] = static_cast<char>(size & 0xff);
  out[1] = static_cast<char>(size >> 8);
  out[2] = static_cast<char>(format);
  out[3] = static_cast<char>(content);
  return out;
}

void put(std::string& table, std::size_t offset, std::size_t bytes, std::uint64_t value) {
  for (std::size_t i = 0; i < bytes; ++i, value >>= 8) table[offset + i] = static_cast<char>(value & 0xff);
}

struct Version {
  unsigned format, content, size;
  std::size_t energy, energy_bytes, power, power_bytes, activity, clock;  // offsets; 0: the version has none
  double watts;                                                           // of a power of 300 units
};

class EveryVersion : public testing::TestWithParam<Version> {};

TEST_P(EveryVersion, gives_its_fields_and_nothing_else) {
  const Version& v = GetParam();
  std::string table = blank(v.size, v.format, v.content);
  const auto empty = parse_gpu_metrics(table);
  ASSERT_TRUE(empty) << empty.error();
  EXPECT_FALSE(empty->energy_joules || empty->average_watts || empty->current_watts || empty->activity_pct ||
               empty->core_clock_mhz || empty->temperature_celsius);
  EXPECT_EQ(empty->throttle, 0U);
  if (v.energy) put(table, v.energy, v.energy_bytes, 65536 * 7);
  if (v.power) put(table, v.power, v.power_bytes, 300);
  if (v.activity) put(table, v.activity, 2, 42);
  put(table, v.clock, 2, 1700);
  const auto full = parse_gpu_metrics(table);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->energy_joules, v.energy ? std::optional(7.0) : std::nullopt);
  const auto watts = full->current_watts ? full->current_watts : full->average_watts;
  EXPECT_EQ(watts.has_value(), v.power != 0);
  if (watts) {
    EXPECT_NEAR(*watts, v.watts, 1e-9);
  }
  EXPECT_EQ(full->activity_pct, v.activity ? std::optional(42.0) : std::nullopt);
  EXPECT_EQ(full->core_clock_mhz, 1700);
}

// Sizes and offsets as a compiler lays the structs of kgd_pp_interface.h out.
INSTANTIATE_TEST_SUITE_P(
    GpuMetrics, EveryVersion,
    testing::Values(
        Version{1, 0, 80, 36, 4, 34, 2, 28, 54, 300}, Version{1, 1, 96, 24, 8, 22, 2, 16, 54, 300},
        Version{1, 2, 104, 24, 8, 22, 2, 16, 54, 300}, Version{1, 3, 120, 24, 8, 22, 2, 16, 54, 300},
        Version{1, 4, 288, 24, 8, 10, 2, 12, 240, 300}, Version{1, 5, 360, 88, 8, 10, 2, 12, 312, 300},
        Version{1, 6, 384, 88, 8, 10, 2, 12, 336, 300}, Version{1, 6, 1664, 16, 8, 10, 2, 12, 264, 300},
        Version{1, 7, 2208, 24, 8, 10, 2, 12, 296, 300}, Version{1, 8, 3872, 24, 8, 10, 2, 12, 296, 300},
        Version{2, 0, 120, 0, 0, 0, 0, 0, 80, 0}, Version{2, 1, 120, 0, 0, 0, 0, 0, 76, 0},
        Version{2, 2, 128, 0, 0, 0, 0, 0, 76, 0}, Version{2, 3, 152, 0, 0, 0, 0, 0, 76, 0},
        Version{2, 4, 168, 0, 0, 40, 2, 0, 76, 0.3}, Version{3, 0, 264, 0, 0, 120, 4, 42, 174, 0.3}));

std::string refusal(const std::string& table) {
  const auto out = parse_gpu_metrics(table);
  return out ? "accepted" : out.error();
}

TEST(GpuMetrics, refuses_what_it_does_not_know_and_says_why) {
  EXPECT_NE(refusal(blank(120, 1, 77)).find("version 1.77"), std::string::npos);
  EXPECT_NE(refusal(blank(120, 9, 0)).find("version 9.0"), std::string::npos);
  EXPECT_NE(refusal(blank(124, 1, 3)).find("124 bytes, a size that is not known"), std::string::npos);
  EXPECT_NE(refusal(blank(120, 1, 3).substr(0, 100)).find("tells a size of 120 bytes and has 100"),
            std::string::npos);
  EXPECT_NE(refusal("").find("no header"), std::string::npos);
  EXPECT_NE(refusal("ab").find("2 bytes"), std::string::npos);
}

TEST(GpuMetrics, a_counter_of_old_boards_may_have_32_bits_until_it_shows_more) {
  std::string table = blank(120, 1, 3);
  put(table, 24, 8, 0xfffffffe);
  EXPECT_TRUE(parse_gpu_metrics(table)->may_be_32_bit);
  put(table, 24, 8, 0x100000000);
  EXPECT_FALSE(parse_gpu_metrics(table)->may_be_32_bit);
  std::string mi300 = blank(3872, 1, 8);
  put(mi300, 24, 8, 5);
  EXPECT_FALSE(parse_gpu_metrics(mi300)->may_be_32_bit);
}

TEST(GpuMetrics, tells_why_a_board_is_throttled) {
  std::string table = blank(120, 1, 3);
  put(table, 112, 8, 1);
  EXPECT_EQ(parse_gpu_metrics(table)->throttle, kThrottlePowerCap);
  put(table, 112, 8, std::uint64_t{1} << 36 | std::uint64_t{1} << 47);
  EXPECT_EQ(parse_gpu_metrics(table)->throttle, kThrottleThermal | kThrottleHardware);
  std::string mi300 = blank(288, 1, 4);
  put(mi300, 40, 4, 1 << 4 | 1 << 1);
  EXPECT_EQ(parse_gpu_metrics(mi300)->throttle, kThrottleThermal | kThrottlePowerCap);
}

TEST(GpuMetrics, a_residency_that_grows_is_throttling) {
  std::string table = blank(3872, 1, 8);
  for (std::size_t i = 0; i < 5; ++i) put(table, 44 + 4 * i, 4, 100);
  const auto before = parse_gpu_metrics(table)->residency;
  EXPECT_EQ(throttled_between(before, before), 0U);
  put(table, 48, 4, 101);
  put(table, 60, 4, 101);
  EXPECT_EQ(throttled_between(before, parse_gpu_metrics(table)->residency),
            kThrottlePowerCap | kThrottleThermal);
  EXPECT_EQ(throttled_between({}, before), 0U);
}

void append(std::string& table, std::uint64_t id, std::uint64_t type, std::uint64_t values, std::size_t bytes,
            std::uint64_t value) {
  const std::size_t at = table.size();
  table.resize(at + 8 + values * bytes);
  put(table, at, 8, type << 20 | id << 10 | values);
  for (std::uint64_t i = 0; i < values; ++i) put(table, at + 8 + i * bytes, bytes, value);
  put(table, 0, 2, table.size());
}

TEST(GpuMetrics, version_1_9_is_a_list_of_attributes) {
  std::string table = blank(8, 1, 9);
  put(table, 4, 4, 4);
  append(table, 3, 2, 1, 2, 512);         // socket power
  append(table, 999, 4, 3, 4, 1);         // unknown here
  append(table, 33, 2, 8, 2, 2100);       // one clock for each die
  append(table, 7, 6, 1, 8, 65536 * 11);  // energy
  const auto out = parse_gpu_metrics(table);
  ASSERT_TRUE(out) << out.error();
  EXPECT_EQ(out->current_watts, 512);
  EXPECT_EQ(out->energy_joules, 11);
  EXPECT_EQ(out->core_clock_mhz, 2100);
  put(table, 4, 4, 5);
  EXPECT_NE(refusal(table).find("attribute 5 of 5 is not whole"), std::string::npos);
  put(table, 4, 4, 0xffffff);
  EXPECT_NE(refusal(table).find("not whole"), std::string::npos);
}

}  // namespace
}  // namespace ipw::telemetry
