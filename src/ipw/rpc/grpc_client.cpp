// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>

#include "energy.grpc.pb.h"
#include "ipw/base/error.h"
#include "ipw/rpc/token.h"
#include "ipw/rpc/wire.h"

namespace ipw::rpc {
namespace {

constexpr auto kCallLimit = std::chrono::seconds(5);
constexpr auto kClockLimit = std::chrono::seconds(1);
/// To come through to a monitor that was there before.
constexpr auto kReturnLimit = std::chrono::seconds(1);
/// For one attempt to connect, however gRPC names it; far monitors need some.
constexpr int kConnectMilliseconds = 2'000;
constexpr int kPingMilliseconds = 10'000;
constexpr int kPingTimeoutMilliseconds = 5'000;
/// Reconnecting is paced by our own back-off, so the channel's may not exceed it.
constexpr int kMaxBackoffMilliseconds = 200;

// gRPC takes deadlines as points of the wall clock; nothing here is measured with it.
void limit(grpc::ClientContext& context, std::chrono::milliseconds time) {
  context.set_deadline(std::chrono::system_clock::now() + time);
}

std::shared_ptr<grpc::Channel> make_channel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMilliseconds);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMaxBackoffMilliseconds / 4);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxBackoffMilliseconds);
  // Our messages are small and steady: probing for a larger window would cost a ping for each of them.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // A proxy of the environment is for the internet, not for a monitor.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Two runs in one process each keep their own connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

std::string why(const grpc::Status& status) {
  if (status.ok()) return "the monitor closed the stream";
  return fmt::format("{} (gRPC status {})", status.error_message(), static_cast<int>(status.error_code()));
}

class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(const Address& address)
      : target_(address.target),
        token_(address.token),
        delay_(address.delay),
        stub_(energy::EnergyMonitor::NewStub(make_channel(address.target))) {}

  std::optional<Description> describe() override {
    grpc::ClientContext context;
    prepare(context);
    // A call that waits drives the connection; one that fails at once would leave it to chance.
    context.set_wait_for_ready(seen_);
    limit(context, seen_ ? std::chrono::milliseconds(kReturnLimit) : std::chrono::milliseconds(kCallLimit));
    energy::DescribeResponse response;
    const auto status = stub_->Describe(&context, {}, &response);
    const bool original = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
    seen_ = seen_ || status.ok() || original;
    if (status.ok()) return from_wire(response);
    if (original) return std::nullopt;
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) throw refused(status);
    throw unavailable(status);
  }

  std::optional<Instant> clock() override {
    grpc::ClientContext context;
    prepare(context);
    limit(context, kClockLimit);
    energy::ClockResponse response;
    if (!stub_->Clock(&context, {}, &response).ok()) return std::nullopt;
    return from_nanos(response.monotonic_ns());
  }

  WindowAnswer window(Instant begin, Instant end, const std::vector<std::string>& domains) override {
    grpc::ClientContext context;
    prepare(context);
    limit(context, kCallLimit);
    energy::WindowRequest request;
    request.set_begin_ns(to_nanos(begin));
    request.set_end_ns(to_nanos(end));
    for (const auto& domain : domains) request.add_domains(domain);
    energy::WindowResponse response;
    const auto status = stub_->Window(&context, request, &response);
    if (status.ok()) return from_wire(response);
    if (is_refusal(status.error_code())) throw refused(status);
    throw unavailable(status);
  }

  std::string stream(bool original, const StreamSinks& sinks, std::stop_token stop) override {
    grpc::ClientContext context;
    prepare(context);
    context.set_wait_for_ready(original && seen_);
    const std::stop_callback cancel(stop, [&] { context.TryCancel(); });
    if (original) {
      return drain<energy::TelemetryReading>(*stub_->StreamTelemetry(&context, {}), [&](const auto& message) {
        sinks.original(from_wire(message));
      });
    }
    energy::SamplesRequest request;
    request.set_delay_ms(static_cast<std::uint32_t>(delay_.count()));
    return drain<energy::MonitorSample>(*stub_->StreamSamples(&context, request), [&](const auto& message) {
      for (const auto& earlier : message.earlier()) deliver(earlier, sinks);
      deliver(message, sinks);
    });
  }

 private:
  static void deliver(const energy::MonitorSample& message, const StreamSinks& sinks) {
    telemetry::Sample sample = from_wire(message);
    // What was left out on purpose leaves no gap in the numbers.
    sample.sequence -= std::min<std::uint64_t>(message.skipped(), sample.sequence);
    sinks.sample(std::move(sample), message.dropped());
  }
  void prepare(grpc::ClientContext& context) const {
    if (!token_.empty()) context.AddMetadata("authorization", bearer(token_));
  }
  Error unavailable(const grpc::Status& status) const {
    return {ErrorCode::Unavailable, fmt::format("no monitor answers at {}: {}", target_, why(status)),
            "start one with `ipw-monitor`, or leave --monitor out to sample in this process"};
  }
  Error refused(const grpc::Status& status) const {
    const bool token = status.error_code() == grpc::StatusCode::UNAUTHENTICATED;
    return {token ? ErrorCode::Unavailable : ErrorCode::Usage,
            fmt::format("the monitor at {} refuses: {}", target_, status.error_message()),
            token ? "give the file of its token with --monitor-token" : ""};
  }
  static bool is_refusal(grpc::StatusCode code) {
    using enum grpc::StatusCode;
    return code == INVALID_ARGUMENT || code == OUT_OF_RANGE || code == NOT_FOUND || code == UNAUTHENTICATED ||
           code == UNIMPLEMENTED;
  }

  template <class Message, class Deliver>
  static std::string drain(grpc::ClientReader<Message>& reader, Deliver deliver) {
    Message message;
    while (reader.Read(&message)) deliver(message);
    return why(reader.Finish());
  }

  std::string target_, token_;
  std::chrono::milliseconds delay_;
  std::atomic<bool> seen_ = false;  ///< it answered once
  std::unique_ptr<energy::EnergyMonitor::Stub> stub_;
};

}  // namespace

std::unique_ptr<Transport> open_grpc(const Address& address) {
  return std::make_unique<GrpcTransport>(address);
}

}  // namespace ipw::rpc
