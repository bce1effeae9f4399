// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/visible_devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipw::telemetry {
namespace {

using testing::ElementsAre;

const std::vector<DeviceIdentity> kDevices{
    {0, "GPU-1a2b3c4d-0000", "0000:17:00.0", "H100", {}},
    {1, "GPU-1a2bffff-0000", "0000:3d:00.0", "H100", {"MIG-77aa-1", "MIG-77bb-2"}},
    {2, "GPU-99999999-0000", "0000:63:00.0", "H100", {}},
};

std::vector<bool> chosen(const std::optional<std::string>& value) {
  std::string unknown;
  return choose(parse_visible_devices(value), kDevices, unknown);
}

TEST(VisibleDevices, K4_absent_and_all_are_all) {
  EXPECT_THAT(chosen(std::nullopt), ElementsAre(true, true, true));
  EXPECT_THAT(chosen("all"), ElementsAre(true, true, true));
  EXPECT_THAT(chosen(" ALL "), ElementsAre(true, true, true));
}

TEST(VisibleDevices, K4_every_spelling_of_none_is_none) {
  for (const char* none : {"", " ", "none", "None", "void", "NoDevFiles", "nodevfiles", "-1"})
    EXPECT_THAT(chosen(none), ElementsAre(false, false, false)) << none;
}

TEST(VisibleDevices, K4_indices_ids_and_partitions_are_found) {
  EXPECT_THAT(chosen("1"), ElementsAre(false, true, false));
  EXPECT_THAT(chosen("2, 0"), ElementsAre(true, false, true));
  EXPECT_THAT(chosen("GPU-99999999-0000"), ElementsAre(false, false, true));
  EXPECT_THAT(chosen("gpu-9999"), ElementsAre(false, false, true));
  EXPECT_THAT(chosen("MIG-77bb-2"), ElementsAre(false, true, false));
  EXPECT_THAT(chosen("MIG-GPU-99999999-0000/7/0"), ElementsAre(false, false, true));
  EXPECT_THAT(chosen("0000:3d:00.0"), ElementsAre(false, true, false));
}

TEST(VisibleDevices, K4_what_follows_an_unknown_id_is_hidden_as_cuda_hides_it) {
  EXPECT_THAT(chosen("0,9,1"), ElementsAre(true, false, false));
  EXPECT_THAT(chosen("2,-1,0"), ElementsAre(false, false, true));
  EXPECT_THAT(chosen("0,,1"), ElementsAre(true, false, false));
}

TEST(VisibleDevices, the_begin_of_two_ids_is_no_id) {
  std::string unknown;
  EXPECT_THAT(choose(parse_visible_devices("GPU-1a2b"), kDevices, unknown), ElementsAre(false, false, false));
  EXPECT_EQ(unknown, "GPU-1a2b");
  EXPECT_THAT(chosen("GPU-1a2b3"), ElementsAre(true, false, false));
}

TEST(VisibleDevices, the_list_names_index_id_and_kind) {
  EXPECT_EQ(list_devices({kDevices[0]}), "0 (GPU-1a2b3c4d-0000, H100)");
  EXPECT_EQ(list_devices({}), "none");
}

}  // namespace
}  // namespace ipw::telemetry
