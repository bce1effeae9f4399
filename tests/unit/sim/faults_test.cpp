// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/faults.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ipw/base/error.h"
#include "temporary_root.h"

namespace ipw::sim {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class Faults : public testing::Test {
 protected:
  TemporaryRoot root_;
  Machine machine_ = make_machine({.root = root_.path(), .epoch_ns = 7 * kSecond});

  std::string complaint(const std::string& text) {
    try {
      add_fault(machine_, text);
    } catch (const Error& error) {
      return std::string(error.what()) + " / " + error.hint();
    }
    return {};
  }
};

TEST_F(Faults, a_line_becomes_a_plan_of_the_device) {
  add_fault(machine_, "nvidia-0:hang:10s:500ms");
  add_fault(machine_, "package-1:scaled:1m:end:0.5");
  const World& world = **machine_.world;
  const FaultPlan& hang = world.device[machine_.find("nvidia-0").value()].fault[0];
  EXPECT_EQ(hang.fault, Fault::Hang);
  EXPECT_EQ(hang.from_ns, 17 * kSecond);
  EXPECT_EQ(hang.until_ns, 17 * kSecond + kSecond / 2);
  const FaultPlan& scaled = world.device[machine_.find("package-1").value()].fault[0];
  EXPECT_EQ(scaled.from_ns, 67 * kSecond);
  EXPECT_EQ(scaled.until_ns, INT64_MAX);
  EXPECT_DOUBLE_EQ(scaled.value, 0.5);
}

TEST_F(Faults, what_is_wrong_is_said_with_what_is_known) {
  EXPECT_NE(complaint("nvidia-0:hang").find("DEVICE:FAULT:START:LENGTH"), std::string::npos);
  EXPECT_NE(complaint("nvidia-9:hang:1s:1s").find("package-0/dram"), std::string::npos);
  EXPECT_NE(complaint("nvidia-0:melt:1s:1s").find("vanished"), std::string::npos);
  EXPECT_NE(complaint("nvidia-0:hang:soon:1s").find("'soon' is no duration"), std::string::npos);
  EXPECT_NE(complaint("package-0:hang:1s:1s").find("read from a file"), std::string::npos);
}

TEST_F(Faults, a_device_has_room_for_eight) {
  for (int i = 0; i < 8; ++i) EXPECT_EQ(complaint("amd-0:frozen:1s:1s"), "");
  EXPECT_NE(complaint("amd-0:frozen:1s:1s").find("at most 8"), std::string::npos);
}

TEST(Machine, refuses_a_device_that_it_does_not_know) {
  const TemporaryRoot root;
  EXPECT_THROW(make_machine({.root = root.path(), .accelerators = {"abacus"}}), Error);
}

TEST(Machine, copies_the_stubs_of_its_vendors_only) {
  const TemporaryRoot root;
  const auto stubs = root.path() / "stubs";
  std::filesystem::create_directories(stubs);
  for (const char* name : {"libnvidia-ml.so.1", "libhlml.so", "libamd_smi.so"})
    std::ofstream(stubs / name) << "library";
  const Machine machine =
      make_machine({.root = root.path() / "machine", .accelerators = {"nvidia", "amd"}, .stubs = stubs});
  EXPECT_TRUE(std::filesystem::exists(machine.root / "usr/lib/libnvidia-ml.so.1"));
  EXPECT_TRUE(std::filesystem::exists(machine.root / "usr/lib/libamd_smi.so"));
  EXPECT_FALSE(std::filesystem::exists(machine.root / "usr/lib/libhlml.so"));
  EXPECT_TRUE(machine.notes.empty());
}

TEST(Machine, says_that_a_stub_is_missing) {
  const TemporaryRoot root;
  EXPECT_EQ(make_machine({.root = root.path(), .accelerators = {"gaudi"}}).notes.size(), 1U);
}

}  // namespace
}  // namespace ipw::sim
