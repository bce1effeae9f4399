// SPDX-License-Identifier: Apache-2.0
// Every sample is serialised once and its bytes go to all streams.
#pragma once
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "ipw/rpc/broadcast.h"
#include "ipw/rpc/monitor_hub.h"
#include "ipw/rpc/thinning.h"

namespace ipw::rpc {

class SampleStream;

/// One thread that serialises what the hub publishes and wakes the streams; no stream has a thread of its
/// own, and one that is not read holds one message. Thread-safe.
class SampleFan {
 public:
  explicit SampleFan(const MonitorHub& hub);
  ~SampleFan();
  SampleFan(const SampleFan&) = delete;
  SampleFan& operator=(const SampleFan&) = delete;

  /// A stream of samples from now on; gRPC owns it. It must end before the fan goes. A sample may be held
  /// back for a while, so that several go in one message.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* open(const Thinning& thinning, Nanoseconds delay);
  /// End all streams.
  void close();

 private:
  friend class SampleStream;
  struct Frame {
    Instant tick{};
    std::uint32_t thread = 0;
    std::uint64_t lost = 0;   ///< samples so far that went before we came for them
    grpc::Slice head, bytes;  ///< head: where the sample goes along with a later one
  };
  using Frames = Broadcast<Frame>;
  void run();
  bool has_streams();
  void rest();  ///< while every stream holds back what comes
  void wake_all();
  void forget(SampleStream* stream);

  const MonitorHub& hub_;
  Frames frames_;
  std::mutex mutex_;
  std::set<SampleStream*> streams_;
  bool opened_ = false;  ///< a stream, since the rest began
  std::condition_variable disturbed_;
  std::jthread thread_;
};

}  // namespace ipw::rpc
