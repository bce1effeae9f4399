// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/monitor.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/module.h"
#include "ipw/rpc/address.h"
#include "ipw/rpc/monitor_hub.h"
#include "ipw/rpc/remote_source.h"

namespace ipw::rpc {
namespace {

namespace fs = std::filesystem;

/// Faster series of a CPU's energy can betray what other users compute (PLATYPUS, CVE-2020-8694).
constexpr double kOpenPeriodSeconds = 0.05;

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

void serve_socket(MonitorHub& hub, const std::string& path, const std::stop_token& stop,
                  const std::function<void(const std::string&)>& ready) {
  remove_stale_socket(path);
  std::optional<NarrowUmask> mask(std::in_place);
  const auto opened = [&](int) {
    mask.reset();
    ready("unix:" + path);
  };
  module_api<GrpcApi>("grpc").serve(hub, "unix:" + path, stop, opened);
  std::error_code ignored;
  fs::remove(path, ignored);
}

void warn_if_open(const telemetry::Source& source, const ServeOptions& options) {
  if (!is_loopback(options.bind_address)) {
    log::warning(
        "listening on {}: everybody who reaches this address can read the energy of this machine, "
        "without a password; bind 127.0.0.1 or use a socket and a tunnel to avoid that",
        options.bind_address);
  }
  if (source.self().period_seconds < kOpenPeriodSeconds) {
    log::warning(
        "sampling faster than 50 ms for every local user: fine-grained energy can betray secrets of other "
        "processes; use a socket (mode 0660) to keep it to one group");
  }
}

}  // namespace

std::unique_ptr<telemetry::Source> connect(const Address& address, Clock& clock) {
  return open_remote(module_api<GrpcApi>("grpc").open(address.target), clock, address.target);
}

void serve(telemetry::Source& source, Clock& clock, const ServeOptions& options, const std::stop_token& stop,
           const std::function<void(const std::string&)>& ready) {
  MonitorHub hub(source, clock);
  if (!options.unix_socket.empty()) return serve_socket(hub, options.unix_socket, stop, ready);
  warn_if_open(source, options);
  const auto opened = [&](int port) { ready(join_host_port(options.bind_address, port)); };
  module_api<GrpcApi>("grpc").serve(hub, join_host_port(options.bind_address, options.port), stop, opened);
}

}  // namespace ipw::rpc
