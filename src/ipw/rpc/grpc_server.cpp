// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_server.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "energy.grpc.pb.h"
#include "ipw/base/error.h"
#include "ipw/rpc/wire.h"

namespace ipw::rpc {
namespace {

/// How soon a stream notices that its reader has gone.
constexpr auto kPatience = std::chrono::milliseconds(200);
/// One thread a stream; beyond this the caller is told RESOURCE_EXHAUSTED.
constexpr int kMaxThreads = 256;
constexpr int kMaxRequestBytes = 64 << 10;
constexpr int kPingMilliseconds = 10'000;

/// Write what a ring brings until the reader goes or the ring closes. `convert` gives nothing to skip a
/// value.
template <class Message, class Ring, class Convert>
grpc::Status write_all(const grpc::ServerContext& context, const Ring& ring,
                       grpc::ServerWriter<Message>& writer, Convert convert) {
  auto cursor = ring.subscribe();
  while (!context.IsCancelled() && !ring.closed()) {
    const auto value = ring.take(cursor, kPatience);
    if (!value) continue;
    const std::optional<Message> message = convert(*value, cursor.dropped);
    if (message && !writer.Write(*message)) return grpc::Status::CANCELLED;
  }
  return ring.closed() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the monitor is stopping")
                       : grpc::Status::OK;
}

class Service final : public energy::EnergyMonitor::Service {
 public:
  explicit Service(MonitorHub& hub) : hub_(hub) {}

  grpc::Status Health(grpc::ServerContext*, const energy::HealthRequest*,
                      energy::HealthResponse* out) override {
    out->set_healthy(hub_.healthy());
    out->set_platform(hub_.platform());
    return grpc::Status::OK;
  }

  grpc::Status StreamTelemetry(grpc::ServerContext* context, const energy::StreamRequest*,
                               grpc::ServerWriter<energy::TelemetryReading>* writer) override {
    return write_all(*context, hub_.originals(), *writer, [](const OriginalReading& reading, std::uint64_t) {
      return std::optional(to_wire(reading));
    });
  }

  grpc::Status Describe(grpc::ServerContext*, const energy::DescribeRequest*,
                        energy::DescribeResponse* out) override {
    *out = to_wire(hub_.description());
    return grpc::Status::OK;
  }

  grpc::Status StreamSamples(grpc::ServerContext* context, const energy::SamplesRequest* request,
                             grpc::ServerWriter<energy::MonitorSample>* writer) override {
    const auto interval = std::chrono::milliseconds(request->interval_ms());
    std::map<std::uint32_t, Instant> due;  ///< by sampling thread
    const auto convert = [&](const telemetry::Sample& sample,
                             std::uint64_t dropped) -> std::optional<energy::MonitorSample> {
      const auto next = due.try_emplace(sample.thread, sample.tick).first;
      if (sample.tick < next->second) return std::nullopt;
      next->second = sample.tick + interval;
      return to_wire(sample, dropped);
    };
    return write_all(*context, hub_.samples(), *writer, convert);
  }

  grpc::Status Clock(grpc::ServerContext*, const energy::ClockRequest*, energy::ClockResponse* out) override {
    out->set_monotonic_ns(to_nanos(hub_.now()));
    return grpc::Status::OK;
  }

 private:
  MonitorHub& hub_;
};

std::unique_ptr<grpc::Server> start(Service& service, const std::string& listen_on, int& port) {
  grpc::ServerBuilder builder;
  grpc::ResourceQuota quota;
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  // Else two monitors share a port without noticing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingMilliseconds / 2);
  builder.AddListeningPort(listen_on, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  const bool is_unix = listen_on.starts_with("unix:");
  if (server && (port > 0 || is_unix)) return server;
  throw Error(ErrorCode::Unavailable, fmt::format("cannot listen on {}", listen_on),
              is_unix ? "check that the folder of the socket exists and may be written"
                      : "the port may be taken: look with `ss -ltnp`, or give another --port");
}

}  // namespace

void serve_grpc(MonitorHub& hub, const std::string& listen_on, const std::stop_token& stop,
                const std::function<void(int port)>& ready) {
  Service service(hub);
  int port = 0;
  const auto server = start(service, listen_on, port);
  ready(port);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
  hub.close();
  server->Shutdown(std::chrono::system_clock::now() + kPatience);
}

}  // namespace ipw::rpc
