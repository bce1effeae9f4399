// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/energy_ledger.h"

#include "ipw/execution/recorder.h"

namespace ipw::execution {
namespace {

records::Phase phase_of(const telemetry::Source& source, Instant begin, Instant end) {
  return {records::headline_energy(source.window(begin, end).energies).joules, to_seconds(end - begin)};
}

}  // namespace

EnergyLedger::EnergyLedger(const telemetry::Source& source, bool shared)
    : source_(source), attribution_(shared ? telemetry::time_share(source) : nullptr) {}

void EnergyLedger::begin(std::int64_t request, Instant at) {
  const std::lock_guard lock(mutex_);
  if (attribution_) attribution_->begin(request, at);
}

void EnergyLedger::abandon(std::int64_t request, Instant at) {
  const std::lock_guard lock(mutex_);
  if (attribution_) attribution_->end(request, at);
}

void EnergyLedger::end(records::QueryRecord record, Instant sent, std::optional<Instant> first_token,
                       Instant done) {
  const std::lock_guard lock(mutex_);
  if (attribution_) attribution_->end(record.index, done);
  pending_.push_back({std::move(record), sent, done, first_token});
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

void EnergyLedger::set_idle(IdleBaseline idle) {
  const std::lock_guard lock(mutex_);
  idle_ = std::move(idle);
}

void EnergyLedger::fill(Pending& pending) {
  auto& record = pending.record;
  if (attribution_) {
    add_window(record, attribution_->take(record.index, pending.sent, pending.done));
    record.shared_device = true;
  } else {
    add_window(record, source_.window(pending.sent, pending.done));
    split_phases(pending);
  }
  for (auto& energy : record.energy) {
    const auto idle = idle_.watts.find(energy.domain);
    if (idle != idle_.watts.end() && energy.joules && !attribution_)
      energy.idle_joules = idle->second * to_seconds(pending.done - pending.sent);
  }
}

void EnergyLedger::split_phases(Pending& pending) const {
  if (!pending.first_token || *pending.first_token < pending.sent || *pending.first_token > pending.done)
    return;
  pending.record.prefill = phase_of(source_, pending.sent, *pending.first_token);
  pending.record.decode = phase_of(source_, *pending.first_token, pending.done);
}

IdleBaseline measure_idle(const telemetry::Source& source, Instant begin, Instant end) {
  IdleBaseline idle;
  idle.seconds = to_seconds(end - begin);
  for (const auto& energy : source.window(begin, end).energies)
    if (energy.joules && idle.seconds > 0) idle.watts[energy.domain] = *energy.joules / idle.seconds;
  return idle;
}

}  // namespace ipw::execution
