// SPDX-License-Identifier: Apache-2.0
// The monitor over gRPC: the original's service and ours beside it. gRPC stays behind this header (module
// "grpc").
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/telemetry/source.h"
#include "ipw/telemetry/validity.h"

namespace ipw::rpc {

/// Where a monitor listens or is looked for.
struct Address {
  std::string target = "127.0.0.1:50053";  ///< host:port, or unix:/path
  std::string token;                       ///< secret of the monitor, empty: none; never logged
  /// Samples may come so much later, several in one message: most of a stream's cost is that of its messages.
  std::chrono::milliseconds delay{200};
};

/// Read the secret in the first line of a file that only its owner can read. Throws Error(Usage).
std::string read_token(const std::string& path);

/// Read grpc://, http:// and bare targets; a missing port is 50053 (defect C12). Throws Error(Usage).
Address parse_address(const std::string& text);

/// Tell in under 50 ms, without loading gRPC, whether something listens there.
bool listens(const Address& address);

/// Use a running monitor as the source of a run: streams readings, aligns clocks by handshake.
/// Understands monitors that send only the original's fields. Throws Error(Unavailable).
std::unique_ptr<telemetry::Source> connect(const Address& address, Clock& clock);

/// The energy of one domain in a window.
struct WindowEnergy {
  records::DomainEnergy energy;
  double gap_seconds = 0;                                    ///< part of the window that no readings cover
  telemetry::Validity verdict = telemetry::Validity::Valid;  ///< by energy.validity
};
struct MonitorWindow {
  Instant begin{}, end{};  ///< what was measured, on our clock: the monitor may widen it for a peer that it
                           ///< does not trust with fine series
  bool settled = false;    ///< no reading to come can change the figures
  std::vector<WindowEnergy> energies;
  Nanoseconds clock_half_width{0};  ///< how exactly the two clocks were aligned
};
/// Ask a monitor for the energy between two instants of our clock, up to 24 h back; waits up to 2 s until
/// the figures are final. No domains: all. Throws Error(Unavailable), Error(Usage) for a window or a domain
/// that it refuses.
MonitorWindow window(const Address& address, Clock& clock, Instant begin, Instant end,
                     const std::vector<std::string>& domains = {});

/// What the monitor found of each sensor when it started. Throws Error(Unavailable).
std::vector<telemetry::SensorStatus> sensors(const Address& address);

struct ServeOptions {
  std::string bind_address = "127.0.0.1";
  int port = 50053;
  std::string unix_socket;                       ///< mode 0660; instead of TCP when not empty
  std::string token;                             ///< TCP clients must send it; empty: none
  bool insecure = false;                         ///< allow an address beyond loopback without a token
  std::vector<telemetry::SensorStatus> sensors;  ///< told to clients that ask
};
/// Serve a source until asked to stop; `ready` gets the address that is listened on. Clients without the
/// token, and users of the socket that are neither root nor we, get no more than a sample in 50 ms. Throws
/// Error(Unavailable) when the port is taken, Error(Usage) for an open address without a token.
void serve(telemetry::Source& source, Clock& clock, const ServeOptions& options, const std::stop_token& stop,
           const std::function<void(const std::string&)>& ready);

}  // namespace ipw::rpc
