// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

#include "ipw/telemetry/calibration.h"

namespace ipw::monitor {
namespace {

constexpr int kUsageStatus = 2;

constexpr auto kAbout =
    "Samples the energy sensors of this machine and streams them over gRPC, to `ipw` on this or another "
    "machine and to "
    "clients of the original Intelligence Per Watt.\n\n"
    "You need it where the sensors are readable by root only, or on another machine than `ipw`; else `ipw` "
    "samples by "
    "itself.";
constexpr auto kExamples =
    "Examples:\n"
    "  sudo ipw-monitor                            on 127.0.0.1:50053; then: ipw profile ...\n"
    "  sudo ipw-monitor --socket /run/ipw.sock     for the group of the socket only; ipw ... --monitor "
    "unix:/run/ipw.sock\n"
    "  ssh -L 50053:127.0.0.1:50053 gpu-node       reach a monitor elsewhere without opening its port\n"
    "  ipw-monitor --sysfs-root tests/fixtures/X   the sensors of a recorded machine\n\n"
    "Clients on TCP get one sample in 50 ms at most, unless they have the token; on the socket root and the "
    "user of\n"
    "the monitor get all. Beyond loopback a token is needed:\n"
    "  (umask 077; openssl rand -hex 32 > token)\n"
    "  sudo ipw-monitor --bind 0.0.0.0 --token-file token";

const std::map<std::string, log::Level> kLevels{{"debug", log::Level::Debug},
                                                {"error", log::Level::Error},
                                                {"info", log::Level::Info},
                                                {"off", log::Level::Off},
                                                {"warning", log::Level::Warning}};

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  auto& [serve, source, level] = out.options;
  int interval_ms = 50;
  std::string token_file, calibration;
  CLI::App app(kAbout, "ipw-monitor");
  app.footer(kExamples);
  app.set_version_flag("--version", "ipw-monitor " IPW_VERSION);
  auto* port = app.add_option("--port", serve.port, "TCP port; 0 takes any free one and prints it")
                   ->check(CLI::Range(0, 65535))
                   ->capture_default_str();
  auto* bind = app.add_option("--bind,--bind-address", serve.bind_address,
                              "address to listen on; loopback unless you must")
                   ->capture_default_str();
  app.add_option("--socket", serve.unix_socket, "Unix socket (mode 0660) instead of TCP")
      ->type_name("PATH")
      ->excludes(port)
      ->excludes(bind);
  auto* token = app.add_option("--token-file", token_file,
                               "file with the secret that TCP clients must send; its owner alone may read it")
                    ->type_name("FILE");
  app.add_flag("--insecure", serve.insecure, "allow an address beyond loopback without a token")
      ->excludes(token);
  app.add_option("--collection-interval-ms", interval_ms, "time between two samples, for all clients")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_option("--collector", source.collectors,
                 "use only this collector, as NAME or NAME:ARGUMENT; repeat for several")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--sysfs-root", source.sysfs_root, "read /sys and /proc below this folder")
      ->type_name("DIR");
  app.add_option("--calibration", calibration, "apply the gains of this file, which `ipw calibrate` made")
      ->type_name("FILE");
  app.add_flag("--realtime", source.realtime,
               "sample at real-time priority (SCHED_FIFO 10), for a full machine; needs CAP_SYS_NICE");
  bool in_process = false;
  app.add_flag(
      "--in-process", in_process,
      "run the libraries of vendors in this process: a little cheaper, but if one crashes all is lost");
  std::string level_name = "warning";
  app.add_option("--log-level", level_name, "how much is logged to stderr")
      ->check(CLI::IsMember(&kLevels))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    out.exit_status = app.exit(error) == 0 ? 0 : kUsageStatus;
  }
  level = out.exit_status ? level : kLevels.at(level_name);
  if (!out.exit_status && !token_file.empty()) serve.token = rpc::read_token(token_file);
  if (!out.exit_status && !calibration.empty())
    source.calibrations = telemetry::read_calibrations(calibration).entries;
  source.period = std::chrono::milliseconds(interval_ms);
  if (!in_process) source.helper = {"/proc/self/exe"};
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) source.visible_devices = visible;
  return out;
}

}  // namespace ipw::monitor
