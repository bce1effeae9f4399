// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/idle_baseline.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ipw/execution/readings.h"

namespace ipw::execution {
namespace {

constexpr int kParts = 8;
constexpr double kNormal = 1.96;

double square(double x) {
  return x * x;
}

/// Standard error of the mean of parts of a baseline, in watts. What the edges of the parts explain is taken
/// out: it cancels between neighbours and is accounted for at the edges of the whole.
double scatter_error(const std::vector<Measured>& parts) {
  if (parts.size() < 2) return 0;
  const auto n = static_cast<double>(parts.size());
  double mean = 0, squares = 0, explained = 0;
  for (const Measured& part : parts) mean += part.value / n;
  for (const Measured& part : parts) {
    squares += square(part.value - mean);
    explained += square(part.error) / n;
  }
  return std::sqrt(std::max(0.0, squares / (n - 1) - explained) / n);
}

}  // namespace

IdleBaseline measure_idle(const telemetry::Source& source, Instant begin, Instant end) {
  IdleBaseline idle;
  idle.seconds = to_seconds(end - begin);
  idle.middle = begin + (end - begin) / 2;
  if (idle.seconds <= 0) return idle;
  const auto whole = source.window(begin, end);
  if (whole.temperature_celsius) idle.temperature_celsius = whole.temperature_celsius->avg;
  std::map<std::string, std::vector<Measured>> parts;
  for (int n = 0; n < kParts; ++n) {
    const auto part =
        source.window(begin + (end - begin) * n / kParts, begin + (end - begin) * (n + 1) / kParts);
    const double per_second = kParts / idle.seconds;
    for (const auto& energy : part.energies) {
      if (!energy.joules) continue;
      const double error = energy.random_half_width_joules / kNormal * per_second;
      parts[energy.domain].push_back({*energy.joules * per_second, error});
    }
  }
  for (const auto& energy : whole.energies) {
    if (!energy.joules) continue;
    const double edges = energy.random_half_width_joules / kNormal / idle.seconds;
    idle.watts[energy.domain] = {*energy.joules / idle.seconds,
                                 std::hypot(edges, scatter_error(parts[energy.domain]))};
  }
  return idle;
}

std::optional<IdleBaseline> take_idle_baseline(const telemetry::Source& source, double seconds, Clock& clock,
                                               const std::stop_token& stop) {
  const auto begin = clock.now(), end = begin + from_seconds(seconds);
  await_readings(source, end, std::chrono::seconds(2), clock, stop);
  if (!source.settled(end)) return std::nullopt;
  return measure_idle(source, begin, end);
}

void IdleModel::add(IdleBaseline baseline) {
  (before_ ? after_ : before_) = std::move(baseline);
}

std::optional<Measured> IdleModel::joules(const std::string& domain, Instant begin, Instant end) const {
  const auto in = [&](const std::optional<IdleBaseline>& baseline) -> const Measured* {
    if (!baseline) return nullptr;
    const auto it = baseline->watts.find(domain);
    return it == baseline->watts.end() ? nullptr : &it->second;
  };
  const Measured *first = in(before_), *second = in(after_);
  const double seconds = to_seconds(end - begin);
  if (!first && !second) return std::nullopt;
  if (!first || !second) {
    const Measured& one = first ? *first : *second;
    return Measured{one.value * seconds, one.error * seconds};
  }
  const Instant middle = begin + (end - begin) / 2;
  const double span = to_seconds(after_->middle - before_->middle);
  const double share = span > 0 ? std::clamp(to_seconds(middle - before_->middle) / span, 0.0, 1.0) : 0.5;
  const double watts = (1 - share) * first->value + share * second->value;
  return Measured{watts * seconds, std::hypot((1 - share) * first->error, share * second->error) * seconds};
}

std::optional<Measured> IdleModel::drift(const std::string& domain) const {
  if (!before_ || !after_) return std::nullopt;
  const auto first = before_->watts.find(domain), second = after_->watts.find(domain);
  const double minutes = to_seconds(after_->middle - before_->middle) / 60;
  if (first == before_->watts.end() || second == after_->watts.end() || minutes <= 0) return std::nullopt;
  return Measured{(second->second.value - first->second.value) / minutes,
                  std::hypot(first->second.error, second->second.error) / minutes};
}

void IdleModel::fill(records::QueryRecord& record, Instant begin, Instant end) const {
  for (auto& energy : record.energy) {
    if (!energy.joules) continue;
    const auto idle = joules(energy.domain, begin, end);
    if (!idle) continue;
    energy.idle_joules = idle->value;
    energy.idle_error_joules = idle->error;
  }
}

void amend_idle(const std::filesystem::path& folder, const std::string& model, records::Journal& journal,
                const IdleModel& idle, Instant run_start, std::int64_t start_unix_ns) {
  const auto reader = records::open_run(folder, model);
  for (records::QueryRecord record; reader->next(record);) {
    if (record.started_unix_ns < start_unix_ns || record.shared_device || record.energy.empty()) continue;
    const Instant begin = run_start + from_seconds(record.started_seconds);
    idle.fill(record, begin, begin + from_seconds(record.latency.total_seconds));
    journal.append_energy(record);
  }
}

}  // namespace ipw::execution
