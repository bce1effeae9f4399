// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/monitor.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/module.h"
#include "ipw/rpc/address.h"
#include "ipw/rpc/clock_alignment.h"
#include "ipw/rpc/monitor_hub.h"
#include "ipw/rpc/remote_source.h"
#include "ipw/rpc/thinning.h"

namespace ipw::rpc {
namespace {

namespace fs = std::filesystem;

constexpr auto kSettleLimit = std::chrono::seconds(2);
constexpr int kRounds = 8;

void remove_stale_socket(const std::string& path) {
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return;
  if (!fs::is_socket(status)) {
    throw Error(ErrorCode::Usage, fmt::format("'{}' exists and is not a socket", path),
                "give another --socket path");
  }
  if (listens({"unix:" + path})) {
    throw Error(ErrorCode::Unavailable, fmt::format("a monitor already listens on unix:{}", path),
                "stop it, or give another --socket path");
  }
  fs::remove(path);
}

/// Files made while this lives get no more than 0660, so that the socket is never open to all, not even for a
/// moment.
class NarrowUmask {
 public:
  NarrowUmask() : former_(::umask(0117)) {}
  ~NarrowUmask() { ::umask(former_); }
  NarrowUmask(const NarrowUmask&) = delete;
  NarrowUmask& operator=(const NarrowUmask&) = delete;

 private:
  mode_t former_;
};

void serve_socket(MonitorHub& hub, const Door& door, const std::string& path, const std::stop_token& stop,
                  const std::function<void(const std::string&)>& ready) {
  remove_stale_socket(path);
  std::optional<NarrowUmask> mask(std::in_place);
  const auto opened = [&](int) {
    mask.reset();
    ready("unix:" + path);
  };
  module_api<GrpcApi>("grpc").serve(hub, door, stop, opened);
  std::error_code ignored;
  fs::remove(path, ignored);
}

void check_openness(const telemetry::Source& source, const ServeOptions& options) {
  if (!is_loopback(options.bind_address) && options.token.empty()) {
    if (!options.insecure) {
      throw Error(
          ErrorCode::Usage,
          fmt::format("on {} everybody who reaches this machine could read its energy", options.bind_address),
          "give --token-file FILE, or stay on 127.0.0.1 and use a tunnel, or say --insecure");
    }
    log::warning(
        "listening on {} without a token: everybody who reaches it can read the energy of this machine",
        options.bind_address);
  }
  if (options.token.empty() && open_cell(false, source.self().period_seconds).count() > 0) {
    log::warning(
        "clients on TCP get one sample in 50 ms: finer series of energy can betray secrets of other "
        "processes; "
        "use a socket, or a token, for all of them");
  }
}

/// Align our clock with the monitor's. Throws Error(Unavailable) when it never answers.
Handshake shake_hands(Transport& transport, Clock& clock, const std::string& name) {
  Handshake handshake;
  bool answered = false;
  for (int i = 0; i < kRounds; ++i) {
    const Instant sent = clock.now();
    const auto remote = transport.clock();
    if (remote) handshake.round(sent, *remote, clock.now());
    answered = answered || remote;
  }
  if (answered) return handshake;
  throw Error(ErrorCode::Unavailable, fmt::format("{} does not answer the clock handshake", name),
              "it may be a monitor of the original, which knows no windows");
}

}  // namespace

std::unique_ptr<telemetry::Source> connect(const Address& address, Clock& clock) {
  return open_remote(module_api<GrpcApi>("grpc").open(address), clock, address.target);
}

MonitorWindow window(const Address& address, Clock& clock, Instant begin, Instant end,
                     const std::vector<std::string>& domains) {
  const auto transport = module_api<GrpcApi>("grpc").open(address);
  const Handshake handshake = shake_hands(*transport, clock, address.target);
  const Instant give_up = clock.now() + kSettleLimit;
  const auto ask = [&] {
    return transport->window(begin + handshake.offset(), end + handshake.offset(), domains);
  };
  WindowAnswer answer = ask();
  while (!answer.settled && clock.now() < give_up) {
    clock.sleep_until(clock.now() + std::chrono::milliseconds(50));
    answer = ask();
  }
  return {answer.begin - handshake.offset(), answer.end - handshake.offset(), answer.settled,
          std::move(answer.energies), handshake.error(clock.now())};
}

std::vector<telemetry::SensorStatus> sensors(const Address& address) {
  const auto description = module_api<GrpcApi>("grpc").open(address)->describe();
  if (description) return description->sensors;
  throw Error(
      ErrorCode::Unavailable,
      fmt::format("the monitor at {} is the original's, which tells nothing of its sensors", address.target),
      "run `ipw doctor` on that machine");
}

void serve(telemetry::Source& source, Clock& clock, const ServeOptions& options, const std::stop_token& stop,
           const std::function<void(const std::string&)>& ready) {
  if (options.unix_socket.empty()) check_openness(source, options);
  MonitorHub hub(source, clock, options.sensors);
  if (!options.unix_socket.empty()) {
    const Door door{"unix:" + options.unix_socket, options.token};
    return serve_socket(hub, door, options.unix_socket, stop, ready);
  }
  const auto opened = [&](int port) { ready(join_host_port(options.bind_address, port)); };
  module_api<GrpcApi>("grpc").serve(hub, {join_host_port(options.bind_address, options.port), options.token},
                                    stop, opened);
}

}  // namespace ipw::rpc
