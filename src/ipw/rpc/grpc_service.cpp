// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ipw/rpc/wire.h"

namespace ipw::rpc {
namespace {

/// How soon a stream notices that its reader has gone.
constexpr auto kPatience = std::chrono::milliseconds(200);
constexpr auto kFarthestBack = std::chrono::hours(24);
constexpr std::size_t kMaxRequestBytes = 1024;
constexpr std::uint32_t kMostDelayMs = 1000;

/// A stream that is over before it began.
class Refusal final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

std::optional<energy::SamplesRequest> read_request(const grpc::ByteBuffer& buffer) {
  grpc::Slice bytes;
  energy::SamplesRequest out;
  if (buffer.Length() > kMaxRequestBytes || !buffer.DumpToSingleSlice(&bytes).ok()) return std::nullopt;
  if (!out.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()))) return std::nullopt;
  return out;
}

/// The period of the series that a peer gets.
double seen_period(double period, bool privileged) {
  const double cell = to_seconds(open_cell(privileged, period));
  return cell > 0 && period > 0 ? std::ceil(cell / period - 1e-9) * period : period;
}

grpc::Status check(Instant begin, Instant end, Instant now) {
  using grpc::StatusCode;
  if (end <= begin) return {StatusCode::INVALID_ARGUMENT, "the end of the window is not after its begin"};
  if (now - begin > kFarthestBack) return {StatusCode::OUT_OF_RANGE, "the window begins more than 24 h ago"};
  // Clocks are aligned to a fraction of this.
  if (end > now + std::chrono::seconds(1))
    return {StatusCode::OUT_OF_RANGE, "the window ends in the future of the monitor's clock"};
  return grpc::Status::OK;
}

/// Keep the named domains; answers the first that is not there.
std::optional<std::string> keep(std::vector<records::DomainEnergy>& energies,
                                const energy::WindowRequest& request) {
  const auto& wanted = request.domains();
  if (wanted.empty()) return std::nullopt;
  for (const auto& name : wanted) {
    if (std::ranges::find(energies, name, &records::DomainEnergy::domain) == energies.end()) return name;
  }
  std::erase_if(energies, [&](const auto& e) {
    return std::find(wanted.begin(), wanted.end(), e.domain) == wanted.end();
  });
  return std::nullopt;
}

WindowEnergy judged(records::DomainEnergy energy, double seconds) {
  WindowEnergy out;
  out.gap_seconds = std::clamp(1 - energy.coverage, 0.0, 1.0) * seconds;
  out.verdict = energy.joules ? telemetry::verdict_of(energy.validity) : telemetry::Validity::Invalid;
  out.energy = std::move(energy);
  return out;
}

/// Edges on the grid that an unprivileged peer's samples lie on: else differences of windows would be the
/// fine series.
void widen(Instant& begin, Instant& end, Nanoseconds cell) {
  if (cell.count() == 0) return;
  begin -= begin.time_since_epoch() % cell;
  const auto over = end.time_since_epoch() % cell;
  if (over.count() > 0) end += cell - over;
}

}  // namespace

grpc::Status Service::Health(grpc::ServerContext* context, const energy::HealthRequest*,
                             energy::HealthResponse* out) {
  if (!doorman_.judge(*context).admitted) return not_admitted();
  out->set_healthy(hub_.healthy());
  out->set_platform(hub_.platform());
  return grpc::Status::OK;
}

grpc::Status Service::StreamTelemetry(grpc::ServerContext* context, const energy::StreamRequest*,
                                      grpc::ServerWriter<energy::TelemetryReading>* writer) {
  const Peer peer = doorman_.judge(*context);
  if (!peer.admitted) return not_admitted();
  Thinning thinning(Nanoseconds(0), open_cell(peer.privileged, period()));
  const MonitorHub::OriginalReader reader(hub_);
  const auto& ring = hub_.originals();
  auto cursor = ring.subscribe();
  while (!context->IsCancelled() && !ring.closed()) {
    const auto reading = ring.take(cursor, kPatience);
    if (!reading || !thinning.admits(0, Instant(Nanoseconds(reading->unix_ns)))) continue;
    if (!writer->Write(to_wire(*reading))) return grpc::Status::CANCELLED;
  }
  return ring.closed() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the monitor is stopping")
                       : grpc::Status::OK;
}

grpc::Status Service::Describe(grpc::ServerContext* context, const energy::DescribeRequest*,
                               energy::DescribeResponse* out) {
  const Peer peer = doorman_.judge(*context);
  if (!peer.admitted) return not_admitted();
  *out = to_wire(hub_.description());
  out->set_period_seconds(seen_period(out->period_seconds(), peer.privileged));
  return grpc::Status::OK;
}

grpc::ServerUnaryReactor* Service::Clock(grpc::CallbackServerContext* context, const energy::ClockRequest*,
                                         energy::ClockResponse* out) {
  const bool admitted = doorman_.judge(*context).admitted;
  if (admitted) out->set_monotonic_ns(to_nanos(hub_.now()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(admitted ? grpc::Status::OK : not_admitted());
  return reactor;
}

grpc::Status Service::Window(grpc::ServerContext* context, const energy::WindowRequest* request,
                             energy::WindowResponse* out) {
  const Peer peer = doorman_.judge(*context);
  if (!peer.admitted) return not_admitted();
  Instant begin = from_nanos(request->begin_ns()), end = from_nanos(request->end_ns());
  if (const auto status = check(begin, end, hub_.now()); !status.ok()) return status;
  widen(begin, end, open_cell(peer.privileged, period()));
  auto report = hub_.source().window(begin, end);
  if (const auto unknown = keep(report.energies, *request))
    return {grpc::StatusCode::NOT_FOUND, fmt::format("no domain '{}' on this monitor", *unknown)};
  WindowAnswer answer{begin, end, hub_.source().settled(end), {}};
  for (auto& energy : report.energies)
    answer.energies.push_back(judged(std::move(energy), to_seconds(end - begin)));
  *out = to_wire(answer);
  return grpc::Status::OK;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* Service::StreamSamples(grpc::CallbackServerContext* context,
                                                                   const grpc::ByteBuffer* request) {
  const Peer peer = doorman_.judge(*context);
  if (!peer.admitted) return new Refusal(not_admitted());
  const auto asked = read_request(*request);
  if (!asked) return new Refusal({grpc::StatusCode::INVALID_ARGUMENT, "this is no SamplesRequest"});
  const Thinning thinning(std::chrono::milliseconds(asked->interval_ms()),
                          open_cell(peer.privileged, period()));
  return fan_.open(thinning, std::chrono::milliseconds(std::min(asked->delay_ms(), kMostDelayMs)));
}

}  // namespace ipw::rpc
