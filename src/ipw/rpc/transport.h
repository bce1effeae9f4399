// SPDX-License-Identifier: Apache-2.0
// The seam between this layer and gRPC: what the module "grpc" exports.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/rpc/monitor.h"
#include "ipw/rpc/original_reading.h"

namespace ipw::rpc {

class MonitorHub;

/// What a monitor says of itself.
struct Description {
  std::string version;
  Instant started{};  ///< on the monitor's clock; another value means that it was restarted
  double period_seconds = 0;
  records::MachineInfo machine;
  std::vector<telemetry::Domain> domains;
  std::vector<telemetry::SensorStatus> sensors;
};

/// Where a stream delivers: one of the two is called, from the thread that called stream(). All instants of a
/// sample are on the monitor's clock; `dropped` counts what the stream lost so far because we were too slow.
struct StreamSinks {
  std::function<void(telemetry::Sample sample, std::uint64_t dropped)> sample;
  std::function<void(const OriginalReading&)> original;
};

/// A window as a monitor measured it, on its clock.
struct WindowAnswer {
  Instant begin{}, end{};
  bool settled = false;
  std::vector<WindowEnergy> energies;
};

/// A connection to one monitor. Thread-safe, except that one stream runs at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Absent: a monitor that knows only the original's calls. Throws Error(Unavailable).
  virtual std::optional<Description> describe() = 0;
  /// The monitor's monotonic clock now, absent when it did not answer.
  virtual std::optional<Instant> clock() = 0;
  /// The energy between two instants of the monitor's clock. Throws Error(Unavailable), and Error(Usage) when
  /// it refuses the window or a domain.
  virtual WindowAnswer window(Instant begin, Instant end, const std::vector<std::string>& domains) = 0;
  /// Deliver until the stream ends or is asked to stop, and return why it ended.
  virtual std::string stream(bool original, const StreamSinks& sinks, std::stop_token stop) = 0;
};

/// Where a monitor serves, and who is let in.
struct Door {
  std::string listen_on;  ///< host:port, or unix:/path
  std::string token;      ///< empty: none
};

struct GrpcApi {
  std::unique_ptr<Transport> (*open)(const Address& address);
  /// Serve a hub until asked to stop; `ready` gets the port. Throws Error(Unavailable).
  void (*serve)(MonitorHub& hub, const Door& door, const std::stop_token& stop,
                const std::function<void(int port)>& ready);
};

}  // namespace ipw::rpc
