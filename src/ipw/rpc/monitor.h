// SPDX-License-Identifier: Apache-2.0
// The monitor over gRPC: the original's service and ours beside it. gRPC stays behind this header (module
// "grpc").
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "ipw/base/clock.h"
#include "ipw/telemetry/source.h"

namespace ipw::rpc {

/// Where a monitor listens or is looked for.
struct Address {
  std::string target = "127.0.0.1:50053";  ///< host:port, or unix:/path
};

/// Read grpc://, http:// and bare targets; a missing port is 50053 (defect C12). Throws Error(Usage).
Address parse_address(const std::string& text);

/// Tell in under 50 ms, without loading gRPC, whether something listens there.
bool listens(const Address& address);

/// Use a running monitor as the source of a run: streams readings, aligns clocks by handshake.
/// Understands monitors that send only the original's fields. Throws Error(Unavailable).
std::unique_ptr<telemetry::Source> connect(const Address& address, Clock& clock);

struct ServeOptions {
  std::string bind_address = "127.0.0.1";
  int port = 50053;
  std::string unix_socket;  ///< mode 0660; instead of TCP when not empty
};
/// Serve a source until asked to stop; `ready` gets the address that is listened on. Throws
/// Error(Unavailable) when the port is taken.
void serve(telemetry::Source& source, Clock& clock, const ServeOptions& options, const std::stop_token& stop,
           const std::function<void(const std::string&)>& ready);

}  // namespace ipw::rpc
