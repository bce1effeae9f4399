// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/driver.h"

#include <fmt/format.h>
#include <pthread.h>

namespace ipw::sim {

namespace fs = std::filesystem;

namespace {

constexpr int kRealtimePriority = 10;
constexpr auto kSlowPeriod = std::chrono::milliseconds(100);
constexpr double kTicksPerSecond = 100, kCores = 8;
constexpr std::int64_t kMemoryTotalKb = 67108864;

std::int64_t nanos(Instant t) {
  return t.time_since_epoch().count();
}

// The place of each device's counter, in the order in which the machine made its zones.
fs::path zone_folder(const fs::path& root, const std::string& name) {
  const auto slash = name.find('/');
  const std::string socket = name.substr(0, slash).substr(std::string_view("package-").size());
  return root / "sys/class/powercap" / ("intel-rapl:" + socket + (slash == std::string::npos ? "" : ":0"));
}

std::string microjoules(const World& world, const Device& device, std::int64_t at_ns) {
  return fmt::format("{:.0f}", std::floor(shown_joules(world, device, at_ns) * 1e6));
}

}  // namespace

Driver::Driver(const Machine& machine, Clock& clock, Nanoseconds period)
    : root_(machine.root),
      world_(**machine.world),
      clock_(clock),
      period_(period),
      stat_(machine.root / "proc/stat"),
      meminfo_(machine.root / "proc/meminfo") {
  int card = 0;
  for (std::size_t i = 0; i < machine.names.size(); ++i) {
    const Device& device = world_.device[i];
    if (std::string_view(device.vendor) == "cpu")
      counters_.push_back({&device, LiveFile(zone_folder(machine.root, machine.names[i]) / "energy_uj")});
    if (std::string_view(device.vendor) != "amd") continue;
    cards_.push_back({&device, card, LiveFile(amd_card_folder(machine.root, card) / "gpu_metrics")});
    ++card;
  }
  write_all(nanos(clock.now()));
}

Driver::~Driver() {
  stop();
}

void Driver::start() {
  thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
}

DriverReport Driver::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  report_.period_seconds = to_seconds(period_);
  report_.lateness_p50_seconds = lateness_.quantile_seconds(0.5);
  report_.lateness_p99_seconds = lateness_.quantile_seconds(0.99);
  report_.lateness_max_seconds = lateness_.max_seconds();
  return report_;
}

void Driver::run(const std::stop_token& stop) {
  // A late write makes a sensor lie about the time of its value, so it goes first where that is allowed.
  sched_param priority{};
  priority.sched_priority = kRealtimePriority;
  report_.realtime = ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &priority) == 0;
  Instant next = clock_.now(), next_slow = next;
  while (!stop.stop_requested()) {
    clock_.sleep_until(next);
    const Instant now = clock_.now();
    lateness_.add(now - next);
    write_fast(nanos(now));
    if (now >= next_slow) {
      write_slow(nanos(now));
      next_slow = now + kSlowPeriod;
    }
    next = std::max(next + period_, now);
  }
}

void Driver::write_all(std::int64_t at_ns) {
  write_fast(at_ns);
  write_slow(at_ns);
}

void Driver::write_fast(std::int64_t at_ns) {
  ++report_.writes;
  for (Counter& counter : counters_) {
    counter.file.show(active(*counter.device, Fault::Vanished, at_ns) == nullptr);
    counter.file.write(microjoules(world_, *counter.device, at_ns));
  }
  for (Card& card : cards_) {
    card.metrics.show(active(*card.device, Fault::Vanished, at_ns) == nullptr);
    card.metrics.write(amd_gpu_metrics(kSimulatedCard, world_, *card.device, at_ns), true);
  }
}

void Driver::write_slow(std::int64_t at_ns) {
  bool busy = false;
  for (std::uint32_t i = 0; i < world_.devices.load(); ++i) busy |= world_.device[i].utilization_pct > 0;
  for (const Card& card : cards_) {
    if (!active(*card.device, Fault::Vanished, at_ns))
      write_amd_card(root_, card.number, kSimulatedCard, world_, *card.device, at_ns);
  }
  const double ticks = static_cast<double>(at_ns - world_.epoch_ns) * 1e-9 * kTicksPerSecond * kCores;
  stat_.write(fmt::format("cpu  {:.0f} 0 0 {:.0f} 0 0 0 0 0 0", 1e5 + 0.2 * ticks, 1e6 + 0.8 * ticks));
  meminfo_.write(fmt::format("MemTotal:       {} kB\nMemFree:        {} kB\nMemAvailable:   {} kB",
                             kMemoryTotalKb, kMemoryTotalKb / 2, kMemoryTotalKb / (busy ? 3 : 2)));
}

}  // namespace ipw::sim
