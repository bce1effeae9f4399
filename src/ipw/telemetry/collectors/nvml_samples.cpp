// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/nvml_samples.h"

#include <algorithm>
#include <cstdlib>

#include "ipw/telemetry/collectors/nvml_sources.h"

namespace ipw::telemetry::nvml {

namespace {
constexpr auto kForget = std::chrono::seconds(60);  // clocks drift: an old bound is worth little
constexpr std::int64_t kStep = 500'000'000;         // ns; by more no value is late
}  // namespace

void DriverClock::observe(Instant begin, Instant end, std::int64_t driver_us) {
  const std::int64_t bound = driver_us * 1000 - end.time_since_epoch().count();
  const bool stepped = offset_ns_ && std::abs(bound - *offset_ns_) > kStep;
  if (!offset_ns_ || stepped || bound > *offset_ns_ || end - since_ > kForget) {
    offset_ns_ = bound;
    half_width_ = std::max<Nanoseconds>((end - begin), std::chrono::microseconds(1));
    since_ = end;
  }
}

std::optional<Instant> DriverClock::ours(std::int64_t driver_us) const {
  if (!offset_ns_) return std::nullopt;
  return Instant(Nanoseconds(driver_us * 1000 - *offset_ns_));
}

int PowerSamples::drain(const Functions& call, Device device, const DriverClock& clock, std::uint32_t domain,
                        std::vector<Reading>& out) {
  int type = 0;
  unsigned count = 0;
  if (buffer_.empty()) {
    const int status = call.samples(device, kTotalPowerSamples, 0, &type, &count, nullptr);
    if (status != kOk) return status;
    buffer_.resize(count);
  }
  count = static_cast<unsigned>(buffer_.size());
  const int status = call.samples(device, kTotalPowerSamples, last_seen_us_, &type, &count, buffer_.data());
  if (status == kTooSmall) buffer_.clear();  // the ring has grown; ask for its size again
  if (status != kOk) return status == kNotFound || status == kTooSmall ? int{kOk} : status;
  for (unsigned i = 0; i < count; ++i) {
    const RingSample& sample = buffer_[i];
    if (sample.timestamp_us <= last_seen_us_) continue;
    last_seen_us_ = sample.timestamp_us;
    const auto at = clock.ours(static_cast<std::int64_t>(sample.timestamp_us));
    FieldValue value{.type = type, .value = sample.value};
    const auto milliwatts = number_of(value);
    if (!primed_ || !at || *at <= last_ || !milliwatts || *milliwatts <= 0) continue;
    last_ = *at;
    out.push_back({domain, *at, clock.half_width(), std::nullopt, *milliwatts / 1000});
  }
  primed_ = true;
  return kOk;
}

}  // namespace ipw::telemetry::nvml
