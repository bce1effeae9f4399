// SPDX-License-Identifier: Apache-2.0
// What clients cost the monitor, and how late samples reach them: telemetry_monitor MONITOR [SECONDS]
// starts the program MONITOR with simulated sensors at 50 ms and reads it with 1 and with 64 clients.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <sstream>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/rpc/monitor.h"
#include "support/goal.h"

namespace {

using ipw::Clock;
using ipw::Instant;

/// A monitor on a free port, until this goes.
class Monitor {
 public:
  explicit Monitor(const char* program) {
    int pipe_ends[2];
    if (::pipe(pipe_ends) != 0) throw ipw::Error(ipw::ErrorCode::Unavailable, "no pipe");
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(pipe_ends[1], STDERR_FILENO);
      ::close(pipe_ends[0]);
      ::execl(program, program, "--port", "0", "--collector", "simulated:watts=50,update_ms=20",
              "--collector", "host", nullptr);
      ::_exit(127);
    }
    ::close(pipe_ends[1]);
    errors_ = ::fdopen(pipe_ends[0], "r");
    char line[4096];
    while (address_.empty() && std::fgets(line, sizeof line, errors_)) {
      char text[256];
      if (std::sscanf(line, "listening on %255s", text) == 1) address_ = text;
    }
    if (address_.empty()) throw ipw::Error(ipw::ErrorCode::Unavailable, "the monitor did not start");
  }
  ~Monitor() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    std::fclose(errors_);
  }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  const std::string& address() const { return address_; }
  /// CPU time so far, of all its threads.
  double cpu_seconds() const {
    std::ifstream file(fmt::format("/proc/{}/stat", process_));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::string field;
    for (int i = 0; i < 11; ++i) rest >> field;
    double user = 0, kernel = 0;
    rest >> user >> kernel;
    return (user + kernel) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  double resident_mib() const {
    std::ifstream file(fmt::format("/proc/{}/statm", process_));
    double pages = 0;
    file >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
  }

 private:
  pid_t process_ = -1;
  std::FILE* errors_ = nullptr;
  std::string address_;
};

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

/// `delay` as in rpc::Address: for how long the monitor may hold samples back.
Figures measure(const char* program, int clients, double seconds, std::chrono::milliseconds delay) {
  ipw::SystemClock clock;
  const Monitor monitor(program);
  Latencies latencies;
  std::vector<std::unique_ptr<ipw::telemetry::Source>> readers;
  auto address = ipw::rpc::parse_address(monitor.address());
  address.delay = delay;
  for (int i = 0; i < clients; ++i) readers.push_back(ipw::rpc::connect(address, clock));
  clock.sleep_until(clock.now() + std::chrono::seconds(1));
  for (auto& reader : readers)
    reader->tap([&](const ipw::telemetry::Sample& sample) { latencies.note(sample, clock.now()); });
  const double cpu = monitor.cpu_seconds();
  const Instant begin = clock.now();
  clock.sleep_until(begin + ipw::from_seconds(seconds));
  const double span = ipw::to_seconds(clock.now() - begin);
  Figures out;
  out.cpu_percent = 100 * (monitor.cpu_seconds() - cpu) / span;
  out.resident_mib = monitor.resident_mib();
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
                  "a core; each sample at once: {:.2f} %; {:.2f} samples/s taken as against {:.2f} with one",
                  held.cpu_percent, many.cpu_percent, many.samples_per_second, one.samples_per_second));
  return 0;
} catch (const ipw::Error& error) {
  fmt::print(stderr, "{}\n{}\n", error.what(), error.hint());
  return ipw::exit_status(error.code());
}
