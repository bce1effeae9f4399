// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ipw/telemetry/validity.h"

namespace ipw::telemetry {

namespace {

records::DomainEnergy describe_domain(const Series& series, Rule rule) {
  records::DomainEnergy out;
  const Domain& domain = series.domain();
  out.domain = domain.name;
  out.scope = to_string(domain.scope);
  out.alternative_to = domain.alternative_to;
  const bool integrated = series.integrated() && domain.method == Method::Counter;
  out.method = to_string(integrated ? Method::Integrated : domain.method);
  out.rule = series.integrated() ? "trapezoid" : std::string(to_string(rule));
  return out;
}

WindowFacts facts_of(const Series& series, Instant begin, Instant end, unsigned throttle) {
  const Domain& domain = series.domain();
  return {.seconds = to_seconds(end - begin),
          .update_seconds = domain.update_seconds,
          .averaging_seconds = series.integrated() ? domain.averaging_seconds : 0,
          .modelled = domain.method == Method::Modelled,
          .throttle = throttle};
}

void fill_validity(records::DomainEnergy& out, WindowFacts facts) {
  facts.joules = out.joules;
  facts.half_width_joules = out.half_width_joules;
  facts.coverage = out.coverage;
  const Judgement judgement = judge(facts);
  out.validity = judgement.rules;
  for (const std::string& rule : judgement.rules) {
    if (rule == "short-for-average" && out.reason.empty()) out.reason = explain(rule);
  }
}

// Why the series has no energy for a window, or nothing when it has.
std::optional<std::string> why_absent(const Series& series, Instant begin, Instant end, WindowFacts& facts) {
  if (end <= begin) return "the window is empty";
  for (const Instant edge : {begin, end}) {
    if (auto why = series.why_unknown(edge)) return why;
  }
  const double gap = series.gap_seconds(begin, end);
  facts.gap_seconds = gap;
  facts.unknown_wraps = gap > 0 && series.faults().unknown_wraps > 0;
  if (series.integrated()) {
    if (gap < facts.seconds) return std::nullopt;
    return fmt::format("the power sensor was silent for {:.3f} s", gap);
  }
  if (series.at(end, Rule::Linear).joules > series.at(begin, Rule::Linear).joules) return std::nullopt;
  facts.stuck = gap <= 0;
  if (gap > 0) return fmt::format("the counter was lost for {:.3f} s", gap);
  return "the counter has not moved";
}

}  // namespace

records::DomainEnergy measure(const Series& series, Instant begin, Instant end, Rule rule,
                              unsigned throttle) {
  records::DomainEnergy out = describe_domain(series, rule);
  WindowFacts facts = facts_of(series, begin, end, throttle);
  if (const auto why = why_absent(series, begin, end, facts)) {
    out.reason = *why;
    fill_validity(out, facts);
    return out;
  }
  const double joules = series.at(end, rule).joules - series.at(begin, rule).joules;
  const Deviation deviation = series.deviation(begin, end, rule);
  out.joules = joules;
  out.coverage = std::clamp(1 - facts.gap_seconds / facts.seconds, 0.0, 1.0);
  out.random_half_width_joules = deviation.half_width;
  out.half_width_joules = deviation.half_width + series.domain().relative_half_width * joules;
  out.low_joules = deviation.low;
  out.high_joules = deviation.high;
  if (const auto& d = series.domain(); series.integrated() && d.update_seconds > 0 && d.averaging_seconds > 0)
    out.sensor_coverage = facts.sensor_coverage = std::min(1.0, d.averaging_seconds / d.update_seconds);
  if (facts.gap_seconds > 0)
    out.reason =
        fmt::format("{:.3f} s of the window are missing (reset or silent sensor)", facts.gap_seconds);
  fill_validity(out, facts);
  return out;
}

std::optional<records::Stats> describe(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  const double median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  return records::Stats{mean, values.back(), median, values.front()};
}

namespace {

// The moments at which the first domain's energy is known: those inside the window, or, when fewer than two
// intervals lie inside, those around it.
std::vector<Instant> known_moments(const Series& series, Instant begin, Instant end) {
  const PointRing& points = series.points();
  const std::size_t first = points.count_until(begin - Nanoseconds(1)), last = points.count_until(end);
  const bool inside = last >= first + 3;
  const std::size_t from = inside || first == 0 ? first : first - 1;
  const std::size_t to = inside ? last : std::min(last + 1, points.size());
  std::vector<Instant> out;
  for (std::size_t i = from; i < to; ++i) out.push_back(points[i].at);
  return out;
}

bool known_everywhere(std::span<const Series* const> domains, Instant t) {
  return std::ranges::none_of(domains, [t](const Series* s) { return s->why_unknown(t).has_value(); });
}

double energy(std::span<const Series* const> domains, Instant a, Instant b, Rule rule) {
  double sum = 0;
  for (const Series* s : domains) sum += s->at(b, rule).joules - s->at(a, rule).joules;
  return sum;
}

}  // namespace

std::optional<records::Stats> power_stats(std::span<const Series* const> domains, Instant begin,
                                          Instant end) {
  if (domains.empty() || end <= begin || !known_everywhere(domains, begin) ||
      !known_everywhere(domains, end)) {
    return std::nullopt;
  }
  const std::vector<Instant> moments = known_moments(*domains.front(), begin, end);
  std::vector<double> watts;
  for (std::size_t i = 1; i < moments.size(); ++i) {
    const Instant a = moments[i - 1], b = moments[i];
    if (!known_everywhere(domains, a) || !known_everywhere(domains, b)) continue;
    if (domains.front()->gap_seconds(a, b) > 0) continue;
    watts.push_back(energy(domains, a, b, Rule::Linear) / to_seconds(b - a));
  }
  auto stats = describe(std::move(watts));
  if (!stats) return std::nullopt;
  stats->avg = energy(domains, begin, end, Rule::EdgeAware) / to_seconds(end - begin);
  stats->max = std::max(stats->max, stats->avg);
  stats->min = std::min(stats->min, stats->avg);
  return stats;
}

}  // namespace ipw::telemetry
