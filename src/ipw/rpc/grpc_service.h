// SPDX-License-Identifier: Apache-2.0
// The calls of proto/energy.proto.
#pragma once
#include "energy.grpc.pb.h"
#include "ipw/rpc/grpc_doorman.h"
#include "ipw/rpc/grpc_sample_fan.h"

namespace ipw::rpc {

/// The streams of samples and the clock, which all clients ask all the time, need no threads of their own.
using ServiceBase = energy::EnergyMonitor::WithRawCallbackMethod_StreamSamples<
    energy::EnergyMonitor::WithCallbackMethod_Clock<energy::EnergyMonitor::Service>>;

/// Answers from a hub. Thread-safe.
class Service final : public ServiceBase {
 public:
  Service(MonitorHub& hub, SampleFan& fan, Doorman& doorman) : hub_(hub), fan_(fan), doorman_(doorman) {}

  grpc::Status Health(grpc::ServerContext* context, const energy::HealthRequest* request,
                      energy::HealthResponse* out) override;
  grpc::Status StreamTelemetry(grpc::ServerContext* context, const energy::StreamRequest* request,
                               grpc::ServerWriter<energy::TelemetryReading>* writer) override;
  grpc::Status Describe(grpc::ServerContext* context, const energy::DescribeRequest* request,
                        energy::DescribeResponse* out) override;
  grpc::Status Window(grpc::ServerContext* context, const energy::WindowRequest* request,
                      energy::WindowResponse* out) override;
  using ServiceBase::Clock;
  using ServiceBase::StreamSamples;
  grpc::ServerUnaryReactor* Clock(grpc::CallbackServerContext* context, const energy::ClockRequest* request,
                                  energy::ClockResponse* out) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamSamples(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request) override;

 private:
  double period() const { return hub_.description().period_seconds; }

  MonitorHub& hub_;
  SampleFan& fan_;
  Doorman& doorman_;
};

}  // namespace ipw::rpc
