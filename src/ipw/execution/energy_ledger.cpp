// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/energy_ledger.h"

#include <algorithm>

#include "ipw/execution/recorder.h"

namespace ipw::execution {
namespace {

records::Phase phase_of(const telemetry::Source& source, Instant begin, Instant end) {
  const auto headline = records::headline_energy(source.window(begin, end).energies);
  if (!headline.joules) return {std::nullopt, to_seconds(end - begin), std::nullopt};
  return {headline.joules, to_seconds(end - begin), headline.half_width_joules};
}

}  // namespace

EnergyLedger::EnergyLedger(const telemetry::Source& source, bool shared)
    : source_(source), attribution_(shared ? telemetry::time_share(source) : nullptr) {}

void EnergyLedger::begin(std::int64_t request, Instant at) {
  const std::lock_guard lock(mutex_);
  if (running_++ == 0) busy_since_ = at;
  if (attribution_) attribution_->begin(request, at);
}

void EnergyLedger::abandon(std::int64_t request, Instant at) {
  const std::lock_guard lock(mutex_);
  leave(at);
  if (attribution_) attribution_->end(request, at);
}

void EnergyLedger::end(records::QueryRecord record, Instant sent, std::optional<Instant> first_token,
                       Instant done) {
  const std::lock_guard lock(mutex_);
  leave(done);
  if (attribution_) attribution_->end(record.index, done);
  pending_.push_back({std::move(record), sent, done, first_token});
}

void EnergyLedger::leave(Instant at) {
  if (running_ == 0 || --running_ > 0) return;
  active_seconds_ += std::max(0.0, to_seconds(at - busy_since_));
}

std::optional<records::QueryRecord> EnergyLedger::take(bool force) {
  const std::lock_guard lock(mutex_);
  if (pending_.empty()) return std::nullopt;
  const bool due = force || pending_.size() > kMostWaiting || source_.settled(pending_.front().done);
  if (!due) return std::nullopt;
  auto pending = std::move(pending_.front());
  pending_.pop_front();
  fill(pending);
  return std::move(pending.record);
}

std::size_t EnergyLedger::waiting() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

void EnergyLedger::set_idle(IdleModel idle) {
  const std::lock_guard lock(mutex_);
  idle_ = std::move(idle);
}

std::map<std::string, ActiveEnergy> EnergyLedger::active() const {
  const std::lock_guard lock(mutex_);
  return active_;
}

double EnergyLedger::active_seconds() const {
  const std::lock_guard lock(mutex_);
  return active_seconds_;
}

void EnergyLedger::account(const records::QueryRecord& record) {
  for (const auto& energy : record.energy) {
    ActiveEnergy& sum = active_[energy.domain];
    sum.joules += energy.joules.value_or(0);
    sum.complete = sum.complete && energy.joules;
  }
}

void EnergyLedger::fill(Pending& pending) {
  auto& record = pending.record;
  if (attribution_) {
    add_window(record, attribution_->take(record.index, pending.sent, pending.done));
    record.shared_device = true;
    // The bounds are those of the device, not of a share.
    for (auto& energy : record.energy) energy.low_joules = energy.high_joules = std::nullopt;
  } else {
    add_window(record, source_.window(pending.sent, pending.done));
    split_phases(pending);
  }
  if (!attribution_) idle_.fill(record, pending.sent, pending.done);
  account(record);
}

void EnergyLedger::split_phases(Pending& pending) const {
  if (!pending.first_token || *pending.first_token < pending.sent || *pending.first_token > pending.done)
    return;
  pending.record.prefill = phase_of(source_, pending.sent, *pending.first_token);
  pending.record.decode = phase_of(source_, *pending.first_token, pending.done);
  // The two phases are the query, also in the last bits that a sum loses.
  const auto whole = records::headline_energy(pending.record.energy).joules;
  if (whole && pending.record.prefill.joules && pending.record.decode.joules)
    pending.record.decode.joules = *whole - *pending.record.prefill.joules;
}

}  // namespace ipw::execution
