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

telemetry::Work work_of(const records::Tokens& tokens, Instant sent, Instant done,
                        std::vector<Instant> arrivals) {
  telemetry::Work work{.sent = sent, .done = done, .arrivals = std::move(arrivals)};
  if (tokens.input)
    work.prompt_tokens =
        static_cast<double>(std::max<std::int64_t>(0, *tokens.input - tokens.cached.value_or(0)));
  if (tokens.output) work.output_tokens = static_cast<double>(*tokens.output);
  return work;
}

}  // namespace

EnergyLedger::EnergyLedger(const telemetry::Source& source, std::string_view attribution) : source_(source) {
  if (attribution.empty()) return;
  const auto idle = [this](const std::string& domain) -> std::optional<double> {
    const auto second = idle_.joules(domain, Instant{}, Instant(std::chrono::seconds(1)));
    return second ? std::optional(second->value) : std::nullopt;
  };
  attribution_ = telemetry::attribution_rule(attribution).make(source, idle);
}

void EnergyLedger::calibrate(const records::Tokens& tokens, Instant sent, Instant done,
                             std::vector<Instant> arrivals) {
  const std::lock_guard lock(mutex_);
  if (attribution_) attribution_->calibrate(work_of(tokens, sent, done, std::move(arrivals)));
}

void EnergyLedger::begin(std::int64_t request, Instant at) {
  const std::lock_guard lock(mutex_);
  if (running_++ == 0) busy_since_ = at;
  if (attribution_) attribution_->begin(request, at);
}

void EnergyLedger::abandon(std::int64_t request, Instant at) {
  const std::lock_guard lock(mutex_);
  leave(at);
  if (attribution_) attribution_->end(request, {.done = at}, false);
}

void EnergyLedger::end(records::QueryRecord record, Instant sent, std::optional<Instant> first_token,
                       Instant done, std::vector<Instant> arrivals) {
  const std::lock_guard lock(mutex_);
  leave(done);
  if (attribution_) attribution_->end(record.index, work_of(record.tokens, sent, done, std::move(arrivals)));
  pending_.push_back({std::move(record), sent, done, first_token});
}

void EnergyLedger::leave(Instant at) {
  if (running_ == 0 || --running_ > 0) return;
  active_seconds_ += std::max(0.0, to_seconds(at - busy_since_));
}

std::optional<records::QueryRecord> EnergyLedger::take(bool force) {
  const std::lock_guard lock(mutex_);
  if (pending_.empty()) return std::nullopt;
  force = force || pending_.size() > kMostWaiting;
  if (!force && !source_.settled(pending_.front().done)) return std::nullopt;
  if (!fill(pending_.front(), force)) return std::nullopt;
  auto record = std::move(pending_.front().record);
  pending_.pop_front();
  return record;
}

std::size_t EnergyLedger::waiting() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

bool EnergyLedger::behind(Instant now) const {
  const std::lock_guard lock(mutex_);
  if (pending_.size() <= kManyWaiting) return false;
  const Instant oldest = pending_.front().done;
  return source_.settled(oldest) || now - oldest < std::chrono::seconds(1);
}

bool EnergyLedger::settled() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(pending_, [this](const Pending& p) { return source_.settled(p.done); });
}

std::optional<telemetry::Account> EnergyLedger::shares() {
  const std::lock_guard lock(mutex_);
  return attribution_ ? std::optional(attribution_->totals()) : std::nullopt;
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

bool EnergyLedger::fill(Pending& pending, bool force) {
  auto& record = pending.record;
  if (attribution_) {
    auto report = attribution_->take(record.index, force);
    if (!report) return false;
    add_window(record, std::move(*report));
    record.shared_device = true;
    // The bounds are those of the device, not of a share.
    for (auto& energy : record.energy) energy.low_joules = energy.high_joules = std::nullopt;
  } else {
    add_window(record, source_.window(pending.sent, pending.done));
    split_phases(pending);
  }
  if (!attribution_) idle_.fill(record, pending.sent, pending.done);
  account(record);
  return true;
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
