// SPDX-License-Identifier: Apache-2.0
// Sources of one simulated machine side by side: planted lies are found and named, the truth is left alone.
#include "ipw/telemetry/compare_sources.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sensors.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

constexpr double kSeconds = 10, kPoll = 0.05;  // as `ipw telemetry --compare` does by itself

// A machine: two sockets with parts, two GPUs with two sources each, a meter at the wall.
struct Machine {
  explicit Machine(unsigned seed) : random(seed), seed_(seed) {
    add_package("package-0", package[0]);
    add_package("package-1", package[1]);
    for (const std::size_t i : {0U, 1U}) {
      const auto name = fmt::format("gpu-{}", i);
      add(name, Scope::Accelerator, gpu[i], {.update = periods[i], .phase = uniform(0, 0.1)}).domain.device =
          name;
      add_power(name + "/instant", name, gpu[i], 0.1, uniform(0.02, 0.1));
    }
    auto& wall = add("wall", Scope::Wall, Signal({{1, 1}}), {});
    wall.readings = wall_readings();
    wall.domain.relative_half_width = 0.01;
  }

  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  }
  Signal llm() {
    return llm_signal(uniform(60, 100), uniform(400, 650), uniform(200, 380), uniform(0.2, 0.6),
                      uniform(0.1, 0.4), uniform(0.7, 2));
  }
  ObservedSource& add(const std::string& name, Scope scope, const Signal& signal, const SensorModel& sensor) {
    ObservedSource source;
    source.domain = make_domain(name, scope);
    source.domain.collector = "planted";
    source.readings = poll_sensor(signal, sensor, kSeconds, kPoll, ++seed_);
    sources.push_back(std::move(source));
    return sources.back();
  }
  void add_package(const std::string& name, const Signal& signal) {
    add(name, Scope::Package, signal, {.update = 0.001}).domain.update_seconds = 0.001;
    add(name + "/core", Scope::Core, signal, {.update = 0.001, .gain = 0.7}).domain.parent = name;
    auto& dram = add(name + "/dram", Scope::Dram, constant_signal(uniform(8, 20)), {.update = 0.001});
    dram.domain.parent = name;
  }
  void add_power(const std::string& name, const std::string& primary, const Signal& signal, double update,
                 double averaging) {
    auto& source = add(name, Scope::Accelerator, signal,
                       {.update = update,
                        .averaging = averaging,
                        .phase = uniform(0, 0.1),
                        .gain = uniform(0.97, 1.03),
                        .noise_watts = 2});
    source.domain.alternative_to = primary;
    source.domain.update_seconds = 0.1;
    source.domain.relative_half_width = 0.05;
  }
  ObservedSource& source(std::string_view name) {
    return *std::ranges::find(sources, name, [](const auto& s) -> std::string_view { return s.domain.name; });
  }
  // All that is inside, 40 W of fans and boards, and the losses of the supply.
  std::vector<Reading> wall_readings() {
    std::vector<Reading> out;
    for (double t = 2; t < 2 + kSeconds; t += kPoll) {
      const double renewed = std::floor(t), begin = renewed - 1;
      double joules = 40 + 40;
      for (const Signal& signal : {package[0], package[1], gpu[0], gpu[1]})
        joules += signal.joules(renewed) - signal.joules(begin);
      out.push_back(power_reading(t, joules / 0.92));
    }
    return out;
  }

  std::mt19937 random;
  unsigned seed_;
  double periods[2] = {seed_ % 2 == 0 ? 0.02 : 0.1, seed_ % 3 == 0 ? 0.05 : 0.1};
  std::vector<Signal> package{llm(), llm()}, gpu{llm(), llm()};
  std::vector<ObservedSource> sources;
};

std::string describe_all(const SourceComparison& comparison) {
  std::string out;
  for (const auto& d : comparison.disagreements)
    out += fmt::format("[{}: {} against {}: {}] ", to_string(d.lie), d.source, d.against, d.cause);
  return out;
}

struct Planted {
  Lie lie;
  void (*plant)(Machine&);
};

void scale(ObservedSource& source, double factor) {
  for (Reading& r : source.readings) {
    if (r.energy_joules) *r.energy_joules *= factor;
    if (r.power_watts) *r.power_watts *= factor;
  }
}

const Planted kPlanted[] = {
    {Lie::Scaled, [](Machine& m) { scale(m.source("gpu-0"), 0.57); }},
    {Lie::Stuck,
     [](Machine& m) {
       for (Reading& r : m.source("gpu-1").readings) r.energy_joules = 4711;
     }},
    {Lie::HalfRate,
     [](Machine& m) {
       auto& s = m.source("gpu-0/instant");
       s.readings =
           poll_sensor(m.gpu[0], {.update = 0.2, .averaging = 0.1, .noise_watts = 2}, kSeconds, kPoll, 9);
     }},
    {Lie::SecondDieZero,
     [](Machine& m) {
       std::erase_if(m.sources, [](const auto& s) { return s.domain.name == "gpu-1/instant"; });
       scale(m.source("gpu-1"), 0);
     }},
    {Lie::LongAverage,
     [](Machine& m) {
       auto& s = m.source("gpu-0/instant");
       s.readings =
           poll_sensor(m.gpu[0], {.update = 0.1, .averaging = 1, .noise_watts = 2}, kSeconds, kPoll, 9);
     }},
    {Lie::WrongUnit,
     [](Machine& m) {
       auto& s = m.add("gpu-0/library", Scope::Accelerator, m.gpu[0],
                       {.update = 0.1, .gain = 15.3 / 15.2587890625});
       s.domain.alternative_to = "gpu-0";
     }},
    {Lie::ParentBelowChildren, [](Machine& m) { scale(m.source("package-0/core"), 1.7); }},
    {Lie::Mirrored, [](Machine& m) { m.source("package-1").readings = m.source("package-0").readings; }},
    {Lie::ModuleAsGpu,
     [](Machine& m) {
       auto& gpu = m.source("gpu-0").readings;
       const auto &p0 = m.source("package-0").readings, &p1 = m.source("package-1").readings;
       for (std::size_t i = 0; i < gpu.size(); ++i)
         *gpu[i].energy_joules += *p0[i].energy_joules + *p1[i].energy_joules;
       std::erase_if(m.sources, [](const auto& s) { return s.domain.name == "wall"; });
     }},
    {Lie::WallBelowInside, [](Machine& m) { scale(m.source("wall"), 0.5); }}};

TEST(CompareSources, E15_ten_planted_lies_are_found_and_named_and_the_truth_is_left_alone) {
  int found = 0, beside = 0;
  for (const auto& [lie, plant] : kPlanted) {
    Machine machine(100 + static_cast<unsigned>(lie));
    plant(machine);
    const auto comparison = compare_sources(machine.sources);
    const bool named =
        std::ranges::any_of(comparison.disagreements, [&](const auto& d) { return d.lie == lie; });
    found += named;
    beside += static_cast<int>(comparison.disagreements.size()) - named;
    EXPECT_TRUE(named) << to_string(lie) << ": " << describe_all(comparison);
    EXPECT_LE(comparison.disagreements.size(), 1U) << to_string(lie) << ": " << describe_all(comparison);
  }
  int wrong = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const auto comparison = compare_sources(Machine(seed * 1000).sources);
    wrong += static_cast<int>(comparison.disagreements.size());
    EXPECT_TRUE(comparison.disagreements.empty()) << seed << ": " << describe_all(comparison);
  }
  report_goal("E15", found == 10 && wrong == 0,
              fmt::format("{} of 10 planted lies found and named in 10 s at 50 ms, {} others beside them, {} "
                          "false in 50 clean runs",
                          found, beside, wrong));
}

TEST(CompareSources, says_what_it_saw_of_each_source) {
  Machine machine(7);
  const auto comparison = compare_sources(machine.sources);
  ASSERT_EQ(comparison.sources.size(), machine.sources.size());
  EXPECT_GT(comparison.seconds, 7);
  for (const auto& view : comparison.sources) EXPECT_TRUE(view.watts) << view.domain << view.reason;
  const auto& instant = comparison.sources[7];
  ASSERT_EQ(instant.domain, "gpu-0/instant");
  EXPECT_NEAR(instant.update.value().seconds, 0.1, 0.005);
}

TEST(CompareSources, nothing_at_all_and_a_source_without_readings_are_no_disagreement) {
  EXPECT_TRUE(compare_sources({}).disagreements.empty());
  const std::vector<ObservedSource> one{{make_domain("package-0"), {}}};
  const auto comparison = compare_sources(one);
  EXPECT_TRUE(comparison.disagreements.empty());
  EXPECT_FALSE(comparison.sources.at(0).watts);
  EXPECT_EQ(comparison.sources.at(0).reason, "no readings");
}

}  // namespace
}  // namespace ipw::telemetry
