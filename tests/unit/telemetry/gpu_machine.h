// SPDX-License-Identifier: Apache-2.0
// A simulated machine with GPUs: the stub of the vendor's library below a root of its own, and a clock set by
// hand.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "ipw/sim/truth.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/history.h"

namespace ipw::telemetry {

class GpuMachine : public testing::Test {
 protected:
  static constexpr std::int64_t kSecond = 1'000'000'000;

  void SetUp() override {
    static int number = 0;
    root_ = std::filesystem::temp_directory_path() /
            ("ipw-gpus-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::remove_all(root_);
    world_ = sim::make_world(root_, 0);
    advance(10);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  sim::World& world() { return **world_; }
  std::string root() const { return root_.string(); }

  sim::Device& add(const std::string& vendor, const std::string& name, std::vector<sim::Piece> signal) {
    auto& device = sim::add_device(world(), vendor, name, signal);
    std::snprintf(device.bus, sizeof device.bus, "0000:%02x:00.0", (0x17 + world().devices.load()) & 0xffU);
    return device;
  }
  sim::Device& gpu(std::vector<sim::Piece> signal = {{1, 300}}) {
    return add("nvidia", "NVIDIA H100 80GB HBM3", std::move(signal));
  }

  /// Put the stub in its place; without one of its functions when a name is given.
  void install(const std::string& file = "libnvidia-ml.so.1", const std::string& without = {}) {
    std::ifstream in(std::string(IPW_BINARY_DIR) + "/lib/ipw/sim/" + file, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    ASSERT_FALSE(bytes.empty()) << "the stub is not built";
    if (!without.empty()) {
      const std::string whole = '\0' + without + '\0';
      const auto at = bytes.find(whole);
      ASSERT_NE(at, std::string::npos) << without;
      bytes[at + 1] = 'X';
    }
    std::filesystem::create_directories(root_ / "usr/lib");
    std::filesystem::remove(root_ / "usr/lib" / file);  // a library that is still open keeps its own
    std::ofstream(root_ / "usr/lib" / file, std::ios::binary) << bytes;
  }

  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  void advance(double seconds) {
    clock_.advance(from_seconds(seconds));
    world().now_ns = clock_.now().time_since_epoch().count();
  }

  Sample poll(Collector& collector) {
    Sample sample;
    sample.tick = clock_.now();
    collector.poll(clock_, sample);
    return sample;
  }

  /// Poll every `period` seconds, for so long.
  void run(Collector& collector, double seconds, const std::function<void(const Sample&)>& sink,
           double period = 0.05) {
    for (int n = 0; n < static_cast<int>(seconds / period + 0.5); ++n) {
      sink(poll(collector));
      advance(period);
    }
  }

  static const Domain& domain(const Collector& collector, const std::string& name) {
    for (const Domain& d : collector.domains())
      if (d.name == name) return d;
    throw std::runtime_error("no domain " + name);
  }
  static std::uint32_t index(const Collector& collector, const std::string& name) {
    return static_cast<std::uint32_t>(&domain(collector, name) - collector.domains().data());
  }
  static std::optional<Reading> reading(const Sample& sample, std::uint32_t of) {
    for (const Reading& r : sample.readings)
      if (r.domain == of) return r;
    return std::nullopt;
  }
  static std::optional<double> gauge(const Sample& sample, Gauge kind, std::uint32_t of = 0) {
    for (const GaugeReading& g : sample.gauges)
      if (g.gauge == kind && g.domain == of) return g.value;
    return std::nullopt;
  }
  static std::string silence(const Sample& sample, std::uint32_t of = 0) {
    for (const auto& s : sample.silent)
      if (s.domain == of) return s.reason;
    return {};
  }

  std::filesystem::path root_;
  std::unique_ptr<sim::MappedWorld> world_;
  VirtualClock clock_;
};

}  // namespace ipw::telemetry
