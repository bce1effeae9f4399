// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/signal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ipw/base/error.h"

namespace ipw::telemetry {

namespace {

double piece_joules(const SignalPiece& piece, double seconds) {
  if (piece.swing_hz <= 0) return piece.watts * seconds;
  const double omega = 2 * std::numbers::pi * piece.swing_hz;
  return piece.watts * seconds + piece.swing_watts / omega * (1 - std::cos(omega * seconds));
}

}  // namespace

Signal::Signal(std::vector<SignalPiece> pieces) : pieces_(std::move(pieces)), begins_{0}, sums_{0} {
  if (pieces_.empty()) throw Error(ErrorCode::Usage, "a signal needs at least one piece");
  for (const SignalPiece& piece : pieces_) {
    if (!(piece.seconds > 0)) throw Error(ErrorCode::Usage, "a piece of a signal must last longer than 0 s");
    begins_.push_back(begins_.back() + piece.seconds);
    sums_.push_back(sums_.back() + piece_joules(piece, piece.seconds));
  }
}

double Signal::watts(double seconds) const {
  const double t = std::fmod(seconds, begins_.back());
  const auto next = std::upper_bound(begins_.begin(), begins_.end() - 1, t);
  const auto i = static_cast<std::size_t>(next - begins_.begin()) - 1;
  const SignalPiece& piece = pieces_[i];
  return piece.watts + piece.swing_watts * std::sin(2 * std::numbers::pi * piece.swing_hz * (t - begins_[i]));
}

double Signal::joules(double seconds) const {
  const double cycles = std::floor(seconds / begins_.back());
  // The quotient is rounded: just below a whole cycle it may be the next one.
  const double t = std::max(0.0, seconds - cycles * begins_.back());
  const auto next = std::upper_bound(begins_.begin(), begins_.end() - 1, t);
  const auto i = static_cast<std::size_t>(next - begins_.begin()) - 1;
  return cycles * sums_.back() + sums_[i] + piece_joules(pieces_[i], t - begins_[i]);
}

Signal constant_signal(double watts) {
  return Signal({{1, watts}});
}

Signal square_signal(double low, double high, double period_seconds, double duty) {
  return Signal({{period_seconds * duty, high}, {period_seconds * (1 - duty), low}});
}

Signal llm_signal(double idle_watts, double prefill_watts, double decode_watts, double idle_seconds,
                  double prefill_seconds, double decode_seconds) {
  constexpr double kSwingShare = 0.15, kSwingHz = 9;
  return Signal({{idle_seconds, idle_watts},
                 {prefill_seconds, prefill_watts},
                 {decode_seconds, decode_watts, kSwingShare * decode_watts, kSwingHz}});
}

}  // namespace ipw::telemetry
