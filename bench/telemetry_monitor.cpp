// SPDX-License-Identifier: Apache-2.0
// What clients cost the monitor, and how late samples reach them: telemetry_monitor MONITOR [SECONDS]
// starts the program MONITOR with simulated sensors at 50 ms and reads it with 1 and with 64 clients.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/rpc/monitor.h"
#include "monitor_process.h"
#include "original_polling.h"
#include "support/goal.h"

namespace {

using ipw::Clock;
using ipw::Instant;

struct Figures {
  double p50_ms = 0, p99_ms = 0, cpu_percent = 0, samples_per_second = 0, resident_mib = 0;
  std::uint64_t dropped = 0, missed = 0;
};

/// How long after its last reading each sample was in the client's hands.
class Latencies {
 public:
  void note(const ipw::telemetry::Sample& sample, Instant now) {
    if (sample.readings.empty()) return;
    const auto last = std::ranges::max(sample.readings, {}, &ipw::telemetry::Reading::mid).mid;
    const std::lock_guard lock(mutex_);
    milliseconds_.push_back(ipw::to_seconds(now - last) * 1e3);
    first_ = std::min(first_, sample.sequence);
    last_ = std::max(last_, sample.sequence);
  }
  double quantile(double q) {
    const std::lock_guard lock(mutex_);
    if (milliseconds_.empty()) return 0;
    std::ranges::sort(milliseconds_);
    return milliseconds_[static_cast<std::size_t>(q * static_cast<double>(milliseconds_.size() - 1))];
  }
  /// Samples that the monitor took in the meantime.
  double taken() const { return last_ > first_ ? static_cast<double>(last_ - first_) : 0; }

 private:
  std::mutex mutex_;
  std::vector<double> milliseconds_;
  std::uint64_t first_ = UINT64_MAX, last_ = 0;
};

/// A folder for the monitor's socket, in which /proc is this machine's.
std::filesystem::path root_of_this_machine() {
  const auto root = std::filesystem::temp_directory_path() / fmt::format("ipw-bench-{}", ::getpid());
  std::filesystem::create_directories(root);
  if (!std::filesystem::exists(root / "proc"))
    std::filesystem::create_directory_symlink("/proc", root / "proc");
  return root;
}

/// `delay` as in rpc::Address: for how long the monitor may hold samples back.
Figures measure(const std::string& program, int clients, double seconds, std::chrono::milliseconds delay) {
  ipw::SystemClock clock;
  const ipw::Monitor monitor(program, root_of_this_machine(), {"simulated:watts=50,update_ms=20", "host"});
  Latencies latencies;
  std::vector<std::unique_ptr<ipw::telemetry::Source>> readers;
  for (int i = 0; i < clients; ++i) readers.push_back(monitor.connect(clock, delay));
  clock.sleep_until(clock.now() + std::chrono::seconds(1));
  for (auto& reader : readers)
    reader->tap([&](const ipw::telemetry::Sample& sample) { latencies.note(sample, clock.now()); });
  const double cpu = monitor.cpu();
  const Instant begin = clock.now();
  clock.sleep_until(begin + ipw::from_seconds(seconds));
  const double span = ipw::to_seconds(clock.now() - begin);
  Figures out;
  out.cpu_percent = 100 * (monitor.cpu() - cpu) / span;
  out.resident_mib = monitor.rss_mb();
  for (auto& reader : readers) {
    reader->tap({});
    out.dropped += reader->self().dropped_samples;
    out.missed += reader->self().missed_ticks;
  }
  out.p50_ms = latencies.quantile(0.5);
  out.p99_ms = latencies.quantile(0.99);
  out.samples_per_second = latencies.taken() / span;
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) {
    fmt::print(stderr, "usage: telemetry_monitor MONITOR [SECONDS]\n");
    return 2;
  }
  const double seconds = argc > 2 ? std::stod(argv[2]) : 20;
  constexpr std::chrono::milliseconds kAtOnce(0);
  const Figures one = measure(argv[1], 1, seconds, kAtOnce), many = measure(argv[1], 64, seconds, kAtOnce),
                held = measure(argv[1], 64, seconds, ipw::rpc::Address().delay);
  for (const auto& [clients, f] : {std::pair{1, one}, {64, many}, {64, held}}) {
    fmt::print(
        "{:>2} clients: latency p50 {:.2f} p99 {:.2f} ms, CPU {:.2f} %, {:.2f} samples/s taken, {:.1f} MiB, "
        "{} "
        "dropped, {} missed\n",
        clients, f.p50_ms, f.p99_ms, f.cpu_percent, f.samples_per_second, f.resident_mib, f.dropped,
        f.missed);
  }
  ipw::report_goal(
      "P2", one.p99_ms <= 5 && many.p99_ms <= 10,
      fmt::format("read to client p99 {:.2f} ms with 1 client, {:.2f} ms with 64", one.p99_ms, many.p99_ms));
  const bool same_reads =
      std::abs(many.samples_per_second - one.samples_per_second) <= 0.01 * one.samples_per_second;
  ipw::report_goal(
      "O3", held.cpu_percent <= 6 && same_reads,
      fmt::format("64 clients at 50 ms as they are by default, several samples in a message: CPU {:.2f} % of "
                  "a core; each sample at once: {:.2f} %; the original's way, imitated without GPUs: {:.2f} "
                  "%; {:.2f} "
                  "samples/s taken as against {:.2f} with one",
                  held.cpu_percent, many.cpu_percent, 100 * ipw::OriginalPolling("/").cpu_share(64, seconds),
                  many.samples_per_second, one.samples_per_second));
  return 0;
} catch (const ipw::Error& error) {
  fmt::print(stderr, "{}\n{}\n", error.what(), error.hint());
  return ipw::exit_status(error.code());
}
