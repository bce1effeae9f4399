// SPDX-License-Identifier: Apache-2.0
// Instances of a partitioned GPU: the split conserves, is labelled and bounded.
#include <gmock/gmock.h>

#include <array>
#include <random>

#include "gpu_machine.h"
#include "ipw/telemetry/collectors/nvml_instances.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

using nvml::InstanceSplit;
using testing::HasSubstr;

double total(const InstanceSplit& split, std::size_t instances) {
  double sum = split.idle_joules();
  for (std::size_t i = 0; i < instances; ++i) sum += split.joules(i);
  return sum;
}

TEST(InstanceSplit, conserves_whatever_the_activity) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> unit(0, 1);
  InstanceSplit split({3.0 / 7, 2.0 / 7, 1.0 / 7});
  double device = 0;
  for (int n = 0; n < 10'000; ++n) {
    const double joules = 60 * unit(random), level = unit(random);
    const std::vector<double> activity{unit(random) * level, level < 0.2 ? 0 : unit(random), 0};
    split.add(joules, 0.2, n % 10 == 0 ? std::span<const double>{} : std::span<const double>(activity));
    device += joules;
  }
  EXPECT_NEAR(total(split, 3), device, device * 1e-12);
}

TEST(InstanceSplit, idle_power_is_learnt_and_kept_apart) {
  InstanceSplit split({3.0 / 7, 3.0 / 7});
  split.add(90, 1, std::vector<double>{0, 0});
  split.add(390, 1, std::vector<double>{1, 0.5});
  EXPECT_DOUBLE_EQ(split.idle_joules(), 180);
  EXPECT_DOUBLE_EQ(split.joules(0), 200);
  EXPECT_DOUBLE_EQ(split.joules(1), 100);
}

TEST(InstanceSplit, without_activity_it_goes_by_size_and_the_rest_is_idle) {
  InstanceSplit split({4.0 / 7, 2.0 / 7});
  split.add(700, 1, {});
  EXPECT_DOUBLE_EQ(split.joules(0), 400);
  EXPECT_DOUBLE_EQ(split.joules(1), 200);
  EXPECT_NEAR(split.idle_joules(), 100, 1e-9);
  EXPECT_DOUBLE_EQ(InstanceSplit::half_width(1.0 / 7, false), 6);
  EXPECT_DOUBLE_EQ(InstanceSplit::half_width(1.0 / 7, true), 1);
}

class Mig : public GpuMachine {
 protected:
  // Three instances of 3, 2 and 1 slices; per active slice they draw 60, 40 and 50 W above 90 W of idle.
  void SetUp() override {
    GpuMachine::SetUp();
    device_ = &gpu({{1, 90}});
    device_->parts = 3;
    for (std::uint32_t i = 0; i < 3; ++i) device_->part[i].slices = 3 - i;
    install();
    collector_ = make_nvml({root()});
  }
  void set_activity(std::size_t i, double activity) {
    device_->part[i].activity = activity;
    double watts = 0;
    for (std::size_t k = 0; k < 3; ++k) watts += own_watts(k);
    sim::set_load(*device_, clock_.now().time_since_epoch().count(), watts);
  }
  double own_watts(std::size_t i) const {
    constexpr double kPerSlice[] = {60, 40, 50};
    return device_->part[i].slices * device_->part[i].activity * kPerSlice[i];
  }
  // Load that comes and goes; gives what each instance has truly drawn above idle.
  std::array<double, 3> play(History& history, double seconds) {
    std::array<double, 3> truth{};
    std::mt19937 random(3);
    run(*collector_, seconds, [&](const Sample& s) {
      history.feed(s);
      for (std::size_t i = 0; i < 3; ++i) truth[i] += own_watts(i) * 0.05;
      const auto tick = static_cast<std::size_t>(random() % 60);
      if (tick < 3) set_activity(tick, static_cast<double>(random() % 5) / 4);
    });
    return truth;
  }
  sim::Device* device_ = nullptr;
  std::unique_ptr<Collector> collector_;
};

TEST_F(Mig, E11_instances_and_idle_are_the_gpu_within_a_thousandth) {
  History history(collector_->domains());
  run(*collector_, 5, [&](const Sample& s) { history.feed(s); });  // idle
  play(history, 240);
  double worst = 0;
  std::mt19937 random(5);
  for (int n = 0; n < 100; ++n) {
    const double begin = 20 + static_cast<double>(random() % 1000) / 10,
                 length = 60 + static_cast<double>(random() % 60);
    const auto energies =
        history.window(Instant(from_seconds(begin)), Instant(from_seconds(begin + length))).energies;
    ASSERT_EQ(energies.size(), 5U);
    double parts = 0;
    for (std::size_t i = 1; i < 5; ++i) {
      EXPECT_EQ(energies[i].method, "modelled");
      parts += energies[i].joules.value_or(0);  // an instance that was idle throughout
    }
    worst = std::max(worst, std::abs(parts - *energies[0].joules) / *energies[0].joules);
  }
  EXPECT_LE(worst, 0.001);
  report_goal("E11", worst <= 0.001,
              fmt::format("3 MIG instances + idle against the GPU, 100 windows of 1 to 2 min: worst {:.4f} %",
                          100 * worst));
}

TEST_F(Mig, E11_instances_are_labelled_modelled_with_bounds_that_hold_the_truth) {
  const Domain& part = domain(*collector_, "gpu-0/mig-0");
  EXPECT_EQ(part.method, Method::Modelled);
  EXPECT_EQ(part.scope, Scope::Instance);
  EXPECT_EQ(part.parent, "gpu-0");
  EXPECT_THAT(part.note, HasSubstr("MODELLED"));
  EXPECT_THAT(part.note, HasSubstr("slices times activity"));
  EXPECT_THAT(part.note, HasSubstr("truth lies between"));
  History history(collector_->domains());
  run(*collector_, 5, [&](const Sample& s) { history.feed(s); });
  const auto truth = play(history, 120);
  run(*collector_, 2, [&](const Sample& s) { history.feed(s); });
  const auto energies = history.window(Instant(from_seconds(15.2)), Instant(from_seconds(135))).energies;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& energy = energies[i + 1];
    EXPECT_GT(energy.half_width_joules, 0);
    EXPECT_NEAR(energy.joules.value(), truth[i], energy.half_width_joules) << i;
    EXPECT_NEAR(energy.joules.value(), truth[i], 0.5 * truth[i]) << i;
  }
}

TEST_F(Mig, without_activity_the_split_is_by_slices_and_says_so) {
  device_->refused = sim::kNoActivity;
  collector_ = make_nvml({root()});
  const Domain& part = domain(*collector_, "gpu-0/mig-2");
  EXPECT_THAT(part.note, HasSubstr("by slices"));
  EXPECT_NEAR(part.relative_half_width, 6, 1e-9);
  History history(collector_->domains());
  run(*collector_, 30, [&](const Sample& s) { history.feed(s); });
  const auto energies = history.window(Instant(from_seconds(12)), Instant(from_seconds(38))).energies;
  EXPECT_NEAR(energies[3].joules.value(), 26 * 90 / 7.0, 2);
}

TEST_F(Mig, memory_is_told_per_instance_and_not_twice) {
  const auto sample = poll(*collector_);
  EXPECT_FALSE(gauge(sample, Gauge::GpuMemoryMb, 0));
  EXPECT_EQ(gauge(sample, Gauge::GpuMemoryMb, index(*collector_, "gpu-0/mig-0")), 512);
  EXPECT_FALSE(gauge(sample, Gauge::GpuUtilization, 0)) << "refused under MIG";
  EXPECT_TRUE(gauge(sample, Gauge::Temperature, 0));
}

TEST_F(Mig, K4_an_instance_can_be_chosen_by_its_id) {
  gpu();
  EXPECT_EQ(make_nvml({root(), "", "MIG-nvidia-00000000-2"})->domains().at(0).name, "gpu-0");
  EXPECT_EQ(make_nvml({root(), "", "MIG-nvidia-00000000-2"})->domains().size(), 5U);
}

}  // namespace
}  // namespace ipw::telemetry
