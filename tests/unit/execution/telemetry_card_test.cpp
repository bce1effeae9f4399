// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/telemetry_card.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/goal.h"
#include "support/golden.h"

namespace ipw::execution {
namespace {

class TwoDomains final : public telemetry::Source {
 public:
  telemetry::DomainList domains() const override {
    telemetry::Domain gpu{.name = "gpu-0", .scope = telemetry::Scope::Accelerator, .collector = "nvml"};
    gpu.update_seconds = 0.1;
    gpu.averaging_seconds = 0.025;
    gpu.step_joules = 1e-3;
    gpu.relative_half_width = 0.05;
    gpu.device = "GPU-1, Board";
    telemetry::Domain model{
        .name = "cpu-modelled", .scope = telemetry::Scope::Package, .method = telemetry::Method::Modelled};
    model.note = "MODELLED from CPU load";
    return std::vector{gpu, model};
  }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant) const override { return true; }
  telemetry::WindowReport window(Instant, Instant) const override { return {}; }
  telemetry::SelfReport self() const override { return {}; }
  std::string description() const override { return "in-process, 50 ms"; }
  void tap(std::function<void(const telemetry::Sample&)>) override {}

 private:
  records::MachineInfo machine_;
};

telemetry::WindowReport whole_run() {
  telemetry::WindowReport out;
  records::DomainEnergy energy{"gpu-0", "accelerator", 1200.0,          61.0, "counter", "edge-aware",
                               0.97,    std::nullopt,  "a gap of 3.0 s"};
  energy.sensor_coverage = 0.25;
  energy.validity = {"GAP"};
  out.energies = {energy,
                  {"cpu-modelled", "package", std::nullopt, 0, "modelled", "", 0, std::nullopt, "silent"}};
  out.devices = {{"gpu-0", "GPU-1, Board", "temperature_celsius", {}},
                 {"gpu-0", "GPU-1, Board", "throttle", {}}};
  return out;
}

TEST(TelemetryCard, P7_holds_what_a_reader_of_the_figures_has_to_know) {
  const TwoDomains source;
  telemetry::SelfReport self;
  self.ticks = 990;
  self.missed_ticks = 10;
  self.period_seconds = 0.05;
  self.achieved_hz = 19.8;
  self.problems = {"gpu-0: a gap of 3.0 s"};
  IdleBaseline idle;
  idle.seconds = 3;
  idle.watts["gpu-0"] = {70.5, 0.2};
  const IdleModel model;
  const auto whole = whole_run();
  const auto card = telemetry_card(
      {source, self, {{"before", idle}}, model, {{"gpu-0", 50, 10, 220.0, 71.0, 195.0}}, whole});
  expect_golden("telemetry_card.json", pretty_json(card));
  EXPECT_DOUBLE_EQ(card["sampler"]["missed_share"], 0.01);
  EXPECT_EQ(card["gpu_count"], 1);
  report_goal("P7", true,
              "summary.json: sources, T, W, scope, uncertainty, coverage, rules that did not hold, achieved "
              "rate, missed share, gaps, throttle reasons, "
              "temperatures, idle baseline and drift");
}

}  // namespace
}  // namespace ipw::execution
