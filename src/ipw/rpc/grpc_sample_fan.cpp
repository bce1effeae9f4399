// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_sample_fan.h"

#include <optional>
#include <vector>

#include "ipw/rpc/holdback.h"
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

/// The head of an element of MonitorSample.earlier that has so many bytes.
grpc::Slice head_of_earlier(std::size_t size) {
  constexpr char kTag = energy::MonitorSample::kEarlierFieldNumber << 3 | 2;
  std::string out(1, kTag);
  for (; size >= 0x80; size >>= 7) out.push_back(static_cast<char>(size | 0x80));
  out.push_back(static_cast<char>(size));
  return {out.data(), out.size()};
}

}  // namespace

/// One client. Messages in sequence are one message on the wire (protobuf merges them), so what is its own
/// follows the bytes that are everybody's.
class SampleStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  SampleStream(SampleFan& fan, const Thinning& thinning, Nanoseconds delay)
      : fan_(fan), thinning_(thinning), holdback_(delay), cursor_(fan.frames_.subscribe()) {}

  void wake() {
    const std::lock_guard lock(mutex_);
    go_on();
  }
  Nanoseconds rest() {
    const std::lock_guard lock(mutex_);
    return finished_ ? Nanoseconds::max() : holdback_.rest();
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
      if (std::exchange(lost_, cursor_.dropped + frame->lost) != cursor_.dropped + frame->lost)
        thinning_.lost();
      if (!thinning_.admits(frame->thread, frame->tick)) {
        ++skipped_;
        continue;
      }
      const bool hold = holdback_.holds(frame->tick);
      add(*frame, hold);
      if (!hold) return write();
    }
  }
  /// Most streams have lost and left out nothing: then all of it is everybody's.
  void add(const SampleFan::Frame& frame, bool earlier) {
    if (!lost_before_) lost_before_ = frame.lost;
    const bool plain = skipped_ == 0 && cursor_.dropped + frame.lost == *lost_before_;
    const grpc::Slice own = plain ? grpc::Slice() : what_is_its_own(frame);
    if (earlier) parts_.push_back(plain ? frame.head : head_of_earlier(frame.bytes.size() + own.size()));
    parts_.push_back(frame.bytes);
    if (!plain) parts_.push_back(own);
  }
  grpc::Slice what_is_its_own(const SampleFan::Frame& frame) {
    energy::MonitorSample own;
    own.set_dropped(cursor_.dropped + frame.lost - *lost_before_);
    own.set_skipped(skipped_);
    return slice_of(own);
  }
  void write() {
    buffer_ = grpc::ByteBuffer(parts_.data(), parts_.size());
    parts_.clear();
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
  Holdback holdback_;
  SampleFan::Frames::Cursor cursor_;
  std::uint64_t skipped_ = 0, lost_ = 0;
  std::optional<std::uint64_t> lost_before_;  ///< the fan's losses when this stream began
  std::vector<grpc::Slice> parts_;            ///< of the next message
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
    auto sample = hub_.samples().take(cursor, std::chrono::milliseconds(200));
    if (!sample || !has_streams()) continue;
    for (; sample; sample = hub_.samples().take(cursor, std::chrono::milliseconds(0))) {
      const grpc::Slice bytes = slice_of(to_wire(*sample, 0));
      frames_.publish({sample->tick, sample->thread, cursor.dropped, head_of_earlier(bytes.size()), bytes});
    }
    wake_all();
    rest();
  }
  close();
}

void SampleFan::rest() {
  std::unique_lock lock(mutex_);
  auto least = Nanoseconds::max();
  for (auto* stream : streams_) least = std::min(least, stream->rest());
  if (least == Nanoseconds::max()) return;
  opened_ = false;
  disturbed_.wait_for(lock, least, [this] { return opened_ || frames_.closed(); });
}

bool SampleFan::has_streams() {
  const std::lock_guard lock(mutex_);
  return !streams_.empty();
}

void SampleFan::wake_all() {
  const std::lock_guard lock(mutex_);
  for (auto* stream : streams_) stream->wake();
}

void SampleFan::close() {
  frames_.close();
  disturbed_.notify_all();
  wake_all();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* SampleFan::open(const Thinning& thinning, Nanoseconds delay) {
  auto* stream = new SampleStream(*this, thinning, delay);
  const std::lock_guard lock(mutex_);
  streams_.insert(stream);
  opened_ = true;
  disturbed_.notify_all();
  if (streams_.size() > kMaxStreams)
    stream->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams on this monitor"});
  return stream;
}

void SampleFan::forget(SampleStream* stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

}  // namespace ipw::rpc
