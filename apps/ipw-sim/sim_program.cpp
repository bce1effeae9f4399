// SPDX-License-Identifier: Apache-2.0
#include "sim_program.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "answer_key.h"
#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/sim/driver.h"
#include "ipw/sim/faults.h"
#include "ipw/sim/inference_server.h"

namespace ipw::sim {
namespace {

namespace fs = std::filesystem;

/// SIGINT and SIGTERM, blocked in every thread that is made after it.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  /// Wait for one, or for the end of a duration.
  void wait(std::optional<double> seconds) const {
    if (!seconds) {
      int signal = 0;
      sigwait(&set_, &signal);
      return;
    }
    const auto whole = static_cast<time_t>(*seconds);
    const timespec limit{whole, static_cast<long>((*seconds - static_cast<double>(whole)) * 1e9)};
    sigtimedwait(&set_, nullptr, &limit);
  }

 private:
  sigset_t set_{};
};

/// A new folder that goes with the program, unless one was named.
class Root {
 public:
  explicit Root(const fs::path& named) : path_(named), own_(named.empty()) {
    if (!own_) return;
    std::string pattern = (fs::temp_directory_path() / "ipw-sim-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw Error(ErrorCode::Unavailable, "cannot make a folder for the simulated machine",
                  "name one with --root");
    path_ = pattern;
  }
  ~Root() {
    std::error_code ignored;
    if (own_) fs::remove_all(path_, ignored);
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  bool own_;
};

fs::path beside_program(const char* folder) {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / folder;
}

fs::path data_dir() {
  const char* set = std::getenv("IPW_DATA_DIR");
  return set ? fs::path(set) : beside_program("share/ipw");
}

Machine make(const Options& options, const fs::path& root, Clock& clock) {
  MachineOptions machine = options.machine;
  machine.root = root;
  machine.stubs = beside_program("lib/ipw/sim");
  machine.epoch_ns = clock.now().time_since_epoch().count();
  Machine out = make_machine(machine);
  for (const auto& fault : options.faults) add_fault(out, fault);
  return out;
}

void print_start(const Options& options, const Machine& machine, int port) {
  const std::string url = fmt::format("http://127.0.0.1:{}/v1", port);
  if (options.json) {
    fmt::print("{}\n", dump_json({{"root", machine.root.string()},
                                  {"port", port},
                                  {"base_url", url},
                                  {"model", options.server.model},
                                  {"devices", machine.names},
                                  {"notes", machine.notes}}));
  } else {
    fmt::print("simulated machine: {}\n  {}\n", machine.root.string(), join(machine.names, ", "));
    for (const auto& note : machine.notes) fmt::print("  note: {}\n", note);
    fmt::print("server: {}, model {}\n\nthen, in another terminal:\n", url, options.server.model);
    fmt::print("  ipw doctor --sysfs-root {}\n", machine.root.string());
    fmt::print(
        "  ipw profile --client openai --client-base-url {} --model {} --sysfs-root {} --monitor none "
        "--concurrency 8\n\nCtrl-C ends it\n",
        url, options.server.model, machine.root.string());
  }
  std::fflush(stdout);
}

Json driver_json(const DriverReport& d) {
  return {{"writes", d.writes},
          {"period_seconds", d.period_seconds},
          {"lateness_p50_seconds", d.lateness_p50_seconds},
          {"lateness_p99_seconds", d.lateness_p99_seconds},
          {"lateness_max_seconds", d.lateness_max_seconds},
          {"realtime", d.realtime}};
}

void print_report(const Report& report, const DriverReport& driver, bool json) {
  if (json) {
    Json out = to_json(report);
    out["driver"] = driver_json(driver);
    fmt::print("{}\n", dump_json(out));
    return;
  }
  fmt::print("\n{} requests in {}, {} prompt and {} output tokens{}\n", report.requests,
             human_duration(report.seconds), report.prompt_tokens, report.output_tokens,
             report.abandoned > 0 ? fmt::format(", {} abandoned", report.abandoned) : "");
  fmt::print("{:<16} {:>12} = {:>12} + {:>12}\n", "device", "truth", "idle", "requests");
  for (const auto& d : report.devices)
    fmt::print("{:<16} {:>10.3f} J = {:>10.3f} J + {:>10.3f} J\n", d.name, d.joules, d.idle_joules,
               d.request_joules);
  fmt::print("values in files were at most {} old in half of the writes, {} in 99 of 100, {} ever\n",
             human_quantity(driver.period_seconds + driver.lateness_p50_seconds, "s"),
             human_quantity(driver.period_seconds + driver.lateness_p99_seconds, "s"),
             human_quantity(driver.period_seconds + driver.lateness_max_seconds, "s"));
}

}  // namespace

void run(const Options& options) {
  const Signals signals;
  SystemClock clock;
  const Root root(options.machine.root);
  const Machine machine = make(options, root.path(), clock);
  ServerOptions server_options = options.server;
  if (server_options.answers == Answers::Right) server_options.key = bundled_answers(data_dir());
  InferenceServer inference(machine, std::move(server_options), clock);
  Driver driver(machine, clock);
  driver.start();
  auto server = http::serve(
      [&](const auto& request) {
        auto page = meter_page(machine, options.meters, request);
        return page ? std::move(*page) : inference.answer(request);
      },
      options.port);
  print_start(options, machine, server->port());
  signals.wait(options.duration_seconds);
  server.reset();
  const auto driver_report = driver.stop();
  print_report(inference.report(), driver_report, options.json);
}

}  // namespace ipw::sim
