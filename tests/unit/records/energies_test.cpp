// SPDX-License-Identifier: Apache-2.0
// Energies of stretches that follow one another.
#include <gtest/gtest.h>

#include "ipw/records/query_record.h"

namespace ipw::records {
namespace {

DomainEnergy energy(std::optional<double> joules, double half_width, double random, double coverage = 1) {
  DomainEnergy out;
  out.domain = "gpu-0";
  out.scope = "accelerator";
  out.joules = joules;
  out.half_width_joules = half_width;
  out.random_half_width_joules = random;
  out.coverage = coverage;
  if (!joules) out.reason = "gap";
  return out;
}

TEST(AddEnergies, joules_and_gain_add_up_and_chance_as_squares) {
  std::vector<DomainEnergy> sum;
  add_energies(sum, 0, {energy(100, 5 + 3, 3)}, 1);
  add_energies(sum, 1, {energy(200, 10 + 4, 4, 0.5)}, 3);
  EXPECT_DOUBLE_EQ(sum[0].joules.value(), 300);
  EXPECT_DOUBLE_EQ(sum[0].random_half_width_joules, 5);
  EXPECT_DOUBLE_EQ(sum[0].half_width_joules, 15 + 5);
  EXPECT_DOUBLE_EQ(sum[0].coverage, (1 + 3 * 0.5) / 4);
}

TEST(AddEnergies, what_is_absent_in_one_is_absent_in_the_sum) {
  std::vector<DomainEnergy> sum = {energy(100, 1, 1)};
  add_energies(sum, 1, {energy(std::nullopt, 0, 0)}, 1);
  EXPECT_FALSE(sum[0].joules);
  EXPECT_EQ(sum[0].reason, "gap");
}

TEST(AddEnergies, a_device_that_appears_has_no_whole_energy) {
  std::vector<DomainEnergy> sum = {energy(100, 1, 1)};
  auto other = energy(5, 1, 1);
  other.domain = "gpu-1";
  add_energies(sum, 1, {energy(1, 0, 0), other}, 1);
  ASSERT_EQ(sum.size(), 2U);
  EXPECT_FALSE(sum[1].joules);
}

}  // namespace
}  // namespace ipw::records
