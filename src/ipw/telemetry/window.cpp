// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace ipw::telemetry {

namespace {

records::DomainEnergy describe_domain(const Series& series, Rule rule) {
  records::DomainEnergy out;
  const Domain& domain = series.domain();
  out.domain = domain.name;
  out.scope = to_string(domain.scope);
  const bool integrated = series.integrated() && domain.method == Method::Counter;
  out.method = to_string(integrated ? Method::Integrated : domain.method);
  out.rule = series.integrated() ? "trapezoid" : std::string(to_string(rule));
  return out;
}

// The largest distance of the truth from the estimate: every joule between the bounds of both edges is
// possible, but none below zero and none above P_cap times the time.
double edge_half_width(const Series& series, const EnergyAt& a, const EnergyAt& b, double seconds,
                       double gap) {
  const double joules = b.joules - a.joules;
  const double cap = series.domain().cap_watts;
  const double low = std::max(0.0, b.low - a.high);
  const double high = std::min(b.high - a.low, cap * (seconds - gap)) + cap * gap;
  return std::max({0.0, high - joules, joules - low});
}

}  // namespace

records::DomainEnergy measure(const Series& series, Instant begin, Instant end, Rule rule) {
  records::DomainEnergy out = describe_domain(series, rule);
  if (end <= begin) {
    out.reason = "the window is empty";
    return out;
  }
  for (const Instant edge : {begin, end}) {
    if (const auto why = series.why_unknown(edge)) {
      out.reason = *why;
      return out;
    }
  }
  const double seconds = to_seconds(end - begin);
  const double gap = series.gap_seconds(begin, end);
  const EnergyAt a = series.at(begin, rule), b = series.at(end, rule);
  const double joules = b.joules - a.joules;
  if (joules <= 0 && !series.integrated()) {
    out.reason =
        gap > 0 ? fmt::format("the counter was lost for {:.3f} s", gap) : "the counter has not moved";
    return out;
  }
  out.coverage = std::clamp(1 - gap / seconds, 0.0, 1.0);
  if (series.integrated() && out.coverage <= 0) {
    out.reason = fmt::format("the power sensor was silent for {:.3f} s", gap);
    return out;
  }
  const double gain = series.domain().relative_half_width * joules;
  const double edges = series.integrated()
                           ? 1.96 * series.integration_deviation(begin, end) + series.domain().cap_watts * gap
                           : edge_half_width(series, a, b, seconds, gap);
  out.joules = joules;
  out.half_width_joules = edges + gain;
  out.random_half_width_joules = edges;
  if (gap > 0) out.reason = fmt::format("{:.3f} s of the window are missing (reset or silent sensor)", gap);
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
