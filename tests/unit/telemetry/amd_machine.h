// SPDX-License-Identifier: Apache-2.0
// A simulated machine with AMD GPUs, moved by a virtual clock.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "ipw/sim/amd_files.h"
#include "ipw/sim/truth.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/series.h"

namespace ipw::telemetry {

class AmdMachine : public testing::Test {
 protected:
  using Kind = sim::AmdCard;

  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = test->name();
    std::ranges::replace(name, '/', '-');
    root_ = std::filesystem::temp_directory_path() / ("ipw-amd-" + std::to_string(::getpid()) + "-" + name);
    std::filesystem::remove_all(root_);
    map_ = sim::make_world(root_, 0);
    world().now_ns = 0;
    clock_.advance(std::chrono::seconds(1));
    sync();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  sim::World& world() { return **map_; }
  std::string root() const { return root_.string(); }
  void sync() { world().now_ns = clock_.now().time_since_epoch().count(); }
  std::int64_t now_ns() const { return clock_.now().time_since_epoch().count(); }

  /// A GPU that draws `watts`; its counter moves at every read and has counted before.
  sim::Device& add_gpu(const char* bus, double watts, const char* name = "AMD Simulated") {
    sim::Device& d = sim::add_device(world(), "amd", name, {{1, watts}});
    std::snprintf(d.bus, sizeof d.bus, "%s", bus);
    d.update_seconds = 0;
    d.start_joules = 1000;
    d.step_joules = 0;
    return d;
  }
  sim::Device& add_card(Kind kind, const char* bus, double watts, const char* name = "AMD Simulated",
                        unsigned refused = 0) {
    sim::Device& d = add_gpu(bus, watts, name);
    d.refused = refused;
    cards_.push_back({kind, &d});
    sim::make_amd_card(root_, static_cast<int>(cards_.size()) - 1, kind, world(), d);
    return d;
  }
  /// Install a stub library.
  void install(const std::string& file, const std::string& from = "") {
    std::filesystem::create_directories(root_ / "usr/lib");
    std::filesystem::copy_file(std::string(IPW_BINARY_DIR) + "/lib/ipw/sim/" + from + file,
                               root_ / "usr/lib" / file);
  }
  std::filesystem::path card(int n) const { return sim::amd_card_folder(root_, n); }
  void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

  std::unique_ptr<Collector> open(const std::string& argument = "") { return make_amd({root(), argument}); }

  /// Let time pass and poll.
  Sample step(Collector& collector, Nanoseconds time = std::chrono::milliseconds(50)) {
    clock_.advance(time);
    sync();
    if (driver_writes_) {
      for (std::size_t i = 0; i < cards_.size(); ++i)
        sim::write_amd_card(root_, static_cast<int>(i), cards_[i].kind, world(), *cards_[i].device, now_ns());
    }
    Sample sample;
    collector.poll(clock_, sample);
    return sample;
  }

  /// Poll for so long and return the energy that one domain has used in between, unknown parts as nothing.
  double measure(Collector& collector, std::uint32_t domain, Nanoseconds time,
                 Nanoseconds every = std::chrono::milliseconds(50)) {
    Series series(collector.domains().at(domain));
    for (const Instant end = clock_.now() + time; clock_.now() < end;)
      feed(series, step(collector, every), domain);
    faults_ = series.faults();
    if (series.points().empty()) return 0;
    return series.points().back().joules;
  }
  static void feed(Series& series, const Sample& sample, std::uint32_t domain) {
    for (const Reading& reading : sample.readings)
      if (reading.domain == domain) series.feed(reading);
  }

  static std::optional<double> gauge(const Sample& sample, Gauge kind, std::uint32_t domain = 0) {
    for (const GaugeReading& g : sample.gauges)
      if (g.gauge == kind && g.domain == domain) return g.value;
    return std::nullopt;
  }

  struct CardOf {
    Kind kind;
    sim::Device* device;
  };
  std::filesystem::path root_;
  std::unique_ptr<sim::MappedWorld> map_;
  VirtualClock clock_;
  std::vector<CardOf> cards_;
  bool driver_writes_ = true;
  Series::Faults faults_;
};

}  // namespace ipw::telemetry
