// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/monitor_hub.h"

#include <algorithm>

namespace ipw::rpc {
namespace {

/// How far behind a reader may fall: 13 s at 50 ms.
constexpr std::size_t kCapacity = 256;
/// How often signs of life are taken while nobody reads the original's stream ...
constexpr std::chrono::milliseconds kRest{250};
/// ... and its totals are kept.
constexpr auto kTotalsEvery = std::chrono::seconds(60), kFirstTotals = std::chrono::seconds(3);

std::shared_ptr<MonitorHub::Samples> tap(telemetry::Source& source) {
  auto ring = std::make_shared<MonitorHub::Samples>(kCapacity);
  source.tap([ring](const telemetry::Sample& sample) { ring->publish(sample); });
  return ring;
}

}  // namespace

MonitorHub::MonitorHub(telemetry::Source& source, Clock& clock, std::vector<telemetry::SensorStatus> sensors)
    : source_(source),
      clock_(clock),
      started_(clock.now()),
      sensors_(std::move(sensors)),
      samples_(tap(source)),
      originals_(kCapacity),
      projector_([this] { project(); }) {}

MonitorHub::~MonitorHub() {
  close();
}

void MonitorHub::close() {
  samples_->close();
  originals_.close();
  wake_projector();
}

void MonitorHub::wake_projector() const {
  const std::lock_guard lock(mutex_);
  reader_came_.notify_all();
}

void MonitorHub::rest() const {
  std::unique_lock lock(mutex_);
  reader_came_.wait_for(lock, kRest, [this] { return original_readers_ > 0 || samples_->closed(); });
}

Description MonitorHub::description() const {
  return {IPW_VERSION,       started_,          source_.self().period_seconds,
          source_.machine(), source_.domains(), sensors_};
}

bool MonitorHub::healthy() const {
  const auto last = alive_ns_.load();
  if (last < 0) return false;
  const Nanoseconds silence = clock_.now() - Instant(Nanoseconds(last));
  return silence <
         std::max<Nanoseconds>(std::chrono::seconds(1), from_seconds(20 * source_.self().period_seconds));
}

void MonitorHub::note_life(const telemetry::Sample& sample) {
  const telemetry::DomainList domains = source_.domains();
  const bool measured = std::ranges::any_of(sample.readings, [&](const telemetry::Reading& reading) {
    return reading.domain < domains.size() && domains[reading.domain].method != telemetry::Method::Modelled;
  });
  if (measured) alive_ns_ = Nanoseconds(sample.tick.time_since_epoch()).count();
}

void MonitorHub::project() {
  OriginalProjection projection(source_, started_);
  auto cursor = samples_->subscribe();
  Instant projected{}, skipped = started_ + kFirstTotals - kTotalsEvery;
  bool read = false;
  while (!samples_->closed()) {
    // Without a reader only signs of life are wanted, and a few of them will do.
    const bool idle = original_readers_ == 0;
    const auto sample = samples_->take(cursor, std::chrono::milliseconds(idle ? 0 : 500));
    if (!sample && idle) rest();
    if (!sample) continue;
    note_life(*sample);
    // Every thread has a sample of a tick; the original's clients get one reading of it.
    if (sample->tick <= projected) continue;
    projected = sample->tick;
    const bool reads = original_readers_ > 0;
    if (!reads || !read) {
      if (reads || sample->tick - skipped >= kTotalsEvery) projection.skip_to(skipped = sample->tick);
      if (!(read = reads)) continue;
    }
    const auto age = clock_.now() - sample->tick;
    const auto stamp = unix_nanos(clock_.wall()) - Nanoseconds(age).count();
    for (auto& reading : projection.project(sample->tick, stamp)) originals_.publish(std::move(reading));
  }
}

}  // namespace ipw::rpc
