// SPDX-License-Identifier: Apache-2.0
// The server's side without the wire: one source, any number of readers who all see the same series.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "ipw/rpc/broadcast.h"
#include "ipw/rpc/transport.h"

namespace ipw::rpc {

/// Fans the samples of a source out in two forms, ours and the original's. Thread-safe.
/// It taps the source, so there is one hub per source.
class MonitorHub {
 public:
  MonitorHub(telemetry::Source& source, Clock& clock, std::vector<telemetry::SensorStatus> sensors = {});
  ~MonitorHub();

  Description description() const;
  std::string platform() const { return platform_of(source_.domains()); }
  /// Tell whether an energy domain that is no model gave a reading in the last second (20 periods when
  /// longer).
  bool healthy() const;
  const telemetry::Source& source() const { return source_; }
  Instant now() const { return clock_.now(); }

  /// A reader of the original's stream, as long as this lives. Its readings are made only where there is one.
  class OriginalReader {
   public:
    explicit OriginalReader(const MonitorHub& hub) : hub_(hub) {
      ++hub_.original_readers_;
      hub_.wake_projector();
    }
    ~OriginalReader() { --hub_.original_readers_; }
    OriginalReader(const OriginalReader&) = delete;
    OriginalReader& operator=(const OriginalReader&) = delete;

   private:
    const MonitorHub& hub_;
  };

  using Samples = Broadcast<telemetry::Sample>;
  using Originals = Broadcast<OriginalReading>;
  const Samples& samples() const { return *samples_; }
  const Originals& originals() const { return originals_; }
  /// Wake all readers; the rings are then closed.
  void close();

 private:
  void project();
  void wake_projector() const;
  void rest() const;
  void note_life(const telemetry::Sample& sample);

  telemetry::Source& source_;
  Clock& clock_;
  const Instant started_;
  const std::vector<telemetry::SensorStatus> sensors_;
  std::shared_ptr<Samples> samples_;  ///< shared with the tap, which may be called once more after us
  Originals originals_;
  mutable std::atomic<int> original_readers_{0};
  mutable std::mutex mutex_;
  mutable std::condition_variable reader_came_;
  std::atomic<std::int64_t> alive_ns_{-1};  ///< tick of the last sample with a measured reading
  std::jthread projector_;
};

}  // namespace ipw::rpc
