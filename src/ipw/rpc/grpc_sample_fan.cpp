// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_sample_fan.h"

#include <array>
#include <optional>

#include "ipw/rpc/wire.h"

namespace ipw::rpc {
namespace {

/// How far behind a stream may fall: 13 s at 50 ms.
constexpr std::size_t kCapacity = 256;
constexpr std::size_t kMaxStreams = 1024;

grpc::Slice slice_of(const energy::MonitorSample& message) {
  const std::string bytes = message.SerializeAsString();
  return {bytes.data(), bytes.size()};
}

}  // namespace

/// One client. Messages in sequence are one message on the wire (protobuf merges them), so what is its own
/// follows the bytes that are everybody's.
class SampleStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  SampleStream(SampleFan& fan, const Thinning& thinning)
      : fan_(fan), thinning_(thinning), cursor_(fan.frames_.subscribe()) {}

  void wake() {
    const std::lock_guard lock(mutex_);
    go_on();
  }
  void end(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    finish(status);
  }
  void OnWriteDone(bool written) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (written)
      go_on();
    else
      finish(grpc::Status::CANCELLED);
  }
  void OnCancel() override { end(grpc::Status::CANCELLED); }
  void OnDone() override {
    fan_.forget(this);
    delete this;
  }

 private:
  void go_on() {
    if (writing_ || finished_) return;
    if (fan_.frames_.closed()) return finish({grpc::StatusCode::UNAVAILABLE, "the monitor is stopping"});
    while (const auto frame = fan_.frames_.take(cursor_, std::chrono::milliseconds(0))) {
      if (!thinning_.admits(frame->thread, frame->tick)) {
        ++skipped_;
        continue;
      }
      write(*frame);
      return;
    }
  }
  void write(const SampleFan::Frame& frame) {
    energy::MonitorSample own;
    if (!lost_before_) lost_before_ = frame.lost;
    own.set_dropped(cursor_.dropped + frame.lost - *lost_before_);
    own.set_skipped(skipped_);
    const std::array<grpc::Slice, 2> parts{frame.bytes, slice_of(own)};
    buffer_ = grpc::ByteBuffer(parts.data(), parts.size());
    writing_ = true;
    StartWrite(&buffer_);
  }
  void finish(const grpc::Status& status) {
    if (std::exchange(finished_, true)) return;
    Finish(status);
  }

  SampleFan& fan_;
  std::mutex mutex_;
  Thinning thinning_;
  SampleFan::Frames::Cursor cursor_;
  std::uint64_t skipped_ = 0;
  std::optional<std::uint64_t> lost_before_;  ///< the fan's losses when this stream began
  grpc::ByteBuffer buffer_;
  bool writing_ = false, finished_ = false;
};

SampleFan::SampleFan(const MonitorHub& hub) : hub_(hub), frames_(kCapacity), thread_([this] { run(); }) {}

SampleFan::~SampleFan() {
  close();
}

void SampleFan::run() {
  auto cursor = hub_.samples().subscribe();
  while (!hub_.samples().closed() && !frames_.closed()) {
    const auto sample = hub_.samples().take(cursor, std::chrono::milliseconds(200));
    if (!sample) continue;
    frames_.publish({sample->tick, sample->thread, cursor.dropped, slice_of(to_wire(*sample, 0))});
    wake_all();
  }
  close();
}

void SampleFan::wake_all() {
  const std::lock_guard lock(mutex_);
  for (auto* stream : streams_) stream->wake();
}

void SampleFan::close() {
  frames_.close();
  wake_all();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* SampleFan::open(const Thinning& thinning) {
  auto* stream = new SampleStream(*this, thinning);
  const std::lock_guard lock(mutex_);
  streams_.insert(stream);
  if (streams_.size() > kMaxStreams)
    stream->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams on this monitor"});
  return stream;
}

void SampleFan::forget(SampleStream* stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

}  // namespace ipw::rpc
