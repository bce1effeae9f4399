// SPDX-License-Identifier: Apache-2.0
// A power signal whose integral is known exactly: the truth that simulated sensors show and tests compare
// with.
#pragma once
#include <string>
#include <vector>

namespace ipw::telemetry {

/// A piece of a signal: watts + swing_watts * sin(2 pi swing_hz t), t from the begin of the piece.
struct SignalPiece {
  double seconds = 1;
  double watts = 0;
  double swing_watts = 0;
  double swing_hz = 0;
};

/// Pieces one after the other, repeated for ever. Immutable; thread-safe.
class Signal {
 public:
  /// Throws Error(Usage) when there is no piece, or one without length.
  explicit Signal(std::vector<SignalPiece> pieces);
  double watts(double seconds) const;
  /// The integral from 0 in joules, in closed form.
  double joules(double seconds) const;
  double cycle_seconds() const { return begins_.back(); }

 private:
  std::vector<SignalPiece> pieces_;
  std::vector<double> begins_, sums_;  ///< one more than pieces: the last is the whole cycle
};

/// Constant power.
Signal constant_signal(double watts);
/// `high` for a share `duty` of each period, then `low`.
Signal square_signal(double low, double high, double period_seconds, double duty);
/// Idle, prefill, then decode with a 9 Hz swing, again and again.
Signal llm_signal(double idle_watts, double prefill_watts, double decode_watts, double idle_seconds,
                  double prefill_seconds, double decode_seconds);

}  // namespace ipw::telemetry
