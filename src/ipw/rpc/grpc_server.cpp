// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_server.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>

#include "ipw/base/error.h"
#include "ipw/rpc/address.h"
#include "ipw/rpc/grpc_service.h"
#include "ipw/rpc/grpc_socket_door.h"

namespace ipw::rpc {
namespace {

constexpr auto kFarewell = std::chrono::milliseconds(200);
/// Streams of the original's call have a thread each; beyond this the caller is told RESOURCE_EXHAUSTED.
constexpr int kMaxThreads = 256;
constexpr int kMaxRequestBytes = 64 << 10;
constexpr int kPingMilliseconds = 10'000;

std::unique_ptr<grpc::Server> start(Service& service, const std::string& listen_on, int& port) {
  grpc::ServerBuilder builder;
  grpc::ResourceQuota quota;
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  // Else two monitors share a port without noticing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingMilliseconds / 2);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // A client that vanished without a word is noticed.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingMilliseconds);
  const bool is_socket = !unix_path(listen_on).empty();
  if (!is_socket) builder.AddListeningPort(listen_on, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (server && (port > 0 || is_socket)) return server;
  throw Error(ErrorCode::Unavailable, fmt::format("cannot listen on {}", listen_on),
              "the port may be taken: look with `ss -ltnp`, or give another --port");
}

}  // namespace

void serve_grpc(MonitorHub& hub, const Door& door, const std::stop_token& stop,
                const std::function<void(int port)>& ready) {
  std::optional<SocketDoor> socket;
  if (const auto path = unix_path(door.listen_on); !path.empty()) socket.emplace(path);
  Doorman doorman(door.token);
  SampleFan fan(hub);
  Service service(hub, fan, doorman);
  int port = 0;
  const auto server = start(service, door.listen_on, port);
  if (socket) socket->open(*server, doorman);
  ready(port);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
  hub.close();
  fan.close();
  socket.reset();
  server->Shutdown(std::chrono::system_clock::now() + kFarewell);
  server->Wait();
}

}  // namespace ipw::rpc
