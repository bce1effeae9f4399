// SPDX-License-Identifier: Apache-2.0
#include "monitor_program.h"

#include <pthread.h>

#include <csignal>
#include <stop_token>
#include <thread>
#include <utility>

#include "ipw/base/say.h"

namespace ipw::monitor {
namespace {

/// Turns SIGTERM and SIGINT into a stop. Make it before any other thread, so that all of them leave the
/// signals to it.
class StopOnSignal {
 public:
  StopOnSignal() {
    sigemptyset(&signals_);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    waiter_ = std::thread([this] {
      int signal = 0;
      sigwait(&signals_, &signal);
      stop_.request_stop();
    });
  }
  ~StopOnSignal() {
    pthread_kill(waiter_.native_handle(), SIGUSR1);
    waiter_.join();
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  std::stop_token token() const { return stop_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source stop_;
  std::thread waiter_;
};

void print_sensors(const std::vector<telemetry::SensorStatus>& sensors) {
  for (const auto& sensor : sensors) {
    say("  {} {}: {}\n", sensor.present ? "+" : "-", sensor.sensor, sensor.detail);
    if (!sensor.present && !sensor.remedy.empty()) say("      to have it: {}\n", sensor.remedy);
  }
}

void print_domains(const telemetry::Source& source) {
  say("ipw-monitor {}: {}\n", IPW_VERSION, source.description());
  for (const auto& domain : source.domains()) {
    say("  {:<20} {} {} ({}){}{}\n", domain.name, telemetry::to_string(domain.scope),
        telemetry::to_string(domain.method), domain.collector, domain.note.empty() ? "" : ": ", domain.note);
  }
  if (source.domains().empty()) say("  no energy domain on this machine\n");
}

}  // namespace

void run(const Options& options) {
  log::set_level(options.log_level);
  const StopOnSignal signals;
  SystemClock clock;
  const auto source = telemetry::open_local(options.source, clock);
  print_domains(*source);
  rpc::ServeOptions serve = options.serve;
  serve.sensors = telemetry::diagnose(options.source, clock);
  print_sensors(serve.sensors);
  rpc::serve(*source, clock, serve, signals.token(),
             [](const std::string& address) { say("listening on {}\n", address); });
  say("stopped\n");
}

}  // namespace ipw::monitor
