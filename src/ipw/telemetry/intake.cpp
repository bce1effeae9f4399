// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/intake.h"

#include <fmt/format.h>

#include <utility>

namespace ipw::telemetry {

namespace {
/// The two clocks are read one after the other: less may be a thread that had to wait in between.
constexpr std::chrono::milliseconds kSleep{500};
}  // namespace

void Intake::take(Sample& sample) {
  const std::scoped_lock lock(mutex_);
  sample.sequence = sequence_++;
  notice_sleep(sample);
  for (const auto& span : stuck_.examine(sample, history_.domains()))
    history_.mark_unknown(span.domain, span.from, span.to, span.reason);
  history_.feed(sample);
  if (tap_) tap_(sample);
}

// CLOCK_MONOTONIC stands still while the machine sleeps, so that the counters run on in no time.
void Intake::notice_sleep(const Sample& sample) {
  const Instant now = clock_.now();
  const Nanoseconds asleep = clock_.asleep();
  if (const Nanoseconds more = asleep - std::exchange(asleep_, asleep); more > kSleep) {
    ++sleeps_;
    slept_ += more;
    history_.mark_unknown(History::kAll, last_.value_or(sample.tick), now,
                          fmt::format("the machine slept for {:.1f} s", to_seconds(more)));
  }
  last_ = now;
}

void Intake::tap(std::function<void(const Sample&)> sink) {
  const std::scoped_lock lock(mutex_);
  tap_ = std::move(sink);
}

std::vector<std::string> Intake::problems() const {
  std::vector<std::string> out = history_.problems();
  const std::scoped_lock lock(mutex_);
  if (sleeps_ > 0) {
    out.push_back(
        fmt::format("the machine slept {} time(s), {:.1f} s in all; the energy of that time is unknown",
                    sleeps_, to_seconds(slept_)));
  }
  return out;
}

}  // namespace ipw::telemetry
