// SPDX-License-Identifier: Apache-2.0
// When did it happen on our clock? Two answers: by handshake, and by wall-clock stamps for the original's
// monitors.
#pragma once
#include <cstdint>
#include <optional>

#include "ipw/base/clock.h"

namespace ipw::rpc {

/// An instant on our monotonic clock, known to plus or minus the half-width.
struct Aligned {
  Instant mid{};
  Nanoseconds half_width{0};
};

/// Offset between two monotonic clocks by the handshake of NTP (RFC 5905) without its filters: the round with
/// the shortest way there and back wins, and is believed to half of that time plus 100 ppm of its age. One
/// thread at a time.
class Handshake {
 public:
  /// Take in a round: asked at `sent`, answered with `remote`, heard at `received`. Tells whether it is
  /// believed from now on.
  bool round(Instant sent, Instant remote, Instant received);
  /// Place an instant of the remote clock on ours. Only after a round.
  Aligned to_local(Instant remote) const;
  Nanoseconds offset() const { return offset_; }  ///< remote - local
  Nanoseconds error(Instant now) const;

 private:
  Nanoseconds offset_{0};
  Nanoseconds half_trip_{0};
  std::optional<Instant> taken_;  ///< on our clock
};

/// Places the Unix stamps of a monitor that has no handshake: a stamp is younger than our request and older
/// than its receipt, and each reading narrows that bracket. A step of the monitor's wall clock starts a new
/// bracket. One thread at a time.
class StampBracket {
 public:
  explicit StampBracket(Instant asked) : earliest_(asked) {}
  Aligned place(std::int64_t unix_ns, Instant received);
  int steps() const { return steps_; }  ///< how often the monitor's wall clock was seen to jump

 private:
  Instant earliest_;  ///< the next reading was taken after this
  std::optional<std::int64_t> last_stamp_;
  std::int64_t last_received_ = 0;
  std::int64_t low_ = 0, high_ = 0;  ///< bounds of (our monotonic - their wall), ns
  int steps_ = 0;
};

}  // namespace ipw::rpc
