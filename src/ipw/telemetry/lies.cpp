// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/lies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ipw::telemetry {

namespace {

using All = std::vector<Observation>;

constexpr double kSlack = 0.02;         // beyond the stated gains: edges, noise, moments that do not agree
constexpr double kLeastWatts = 1;       // below this nothing is said to be under load
constexpr double kProportional = 0.05;  // scatter of the ratio between seconds, for one factor at all loads
constexpr double kSameSum = 0.05;
// rocm_smi multiplies by 15.3 instead of 1e6 / 2^16 microjoules.
constexpr double kUnitRatio = 15.3 / 15.2587890625, kUnitTolerance = 0.0005;
constexpr double kHalfRateLow = 1.8, kHalfRateHigh = 2.2;
constexpr double kLongAverage = 0.5;
constexpr std::size_t kMirroredChanges = 10;
constexpr double kMirroredShare = 0.95, kMirroredVariety = 0.01;

double tolerance(const Observation& a, const Observation& b) {
  double out = kSlack + a.source->domain.relative_half_width + b.source->domain.relative_half_width;
  if (a.view.watts && *a.view.watts > 0) out += a.view.half_width_watts / *a.view.watts;
  if (b.view.watts && *b.view.watts > 0) out += b.view.half_width_watts / *b.view.watts;
  return std::min(out, 0.5);
}

const std::string& name(const Observation& o) {
  return o.source->domain.name;
}

bool is_primary(const Observation& o) {
  return o.source->domain.alternative_to.empty();
}

double watts(const Observation& o) {
  return o.view.watts.value_or(0);
}

// Mean and scatter of a/b over the seconds in which both are known.
struct Ratio {
  double mean = 0, scatter = 0;
  std::size_t n = 0;
};
Ratio ratio_of(const Observation& a, const Observation& b) {
  Ratio out;
  double sum_a = 0, sum_b = 0, squares = 0;
  const std::size_t n = std::min(a.bins.size(), b.bins.size());
  for (std::size_t i = 0; i < n; ++i)
    if (a.bins[i] && b.bins[i]) sum_a += *a.bins[i], sum_b += *b.bins[i], ++out.n;
  if (out.n == 0 || !(sum_b > 0)) return {};
  out.mean = sum_a / sum_b;
  const double level = sum_a / static_cast<double>(out.n);
  for (std::size_t i = 0; i < n; ++i)
    if (a.bins[i] && b.bins[i]) squares += std::pow((*a.bins[i] - out.mean * *b.bins[i]) / level, 2);
  out.scatter = std::sqrt(squares / static_cast<double>(out.n));
  return out;
}

// A counter that does not move has no power; that of a power sensor may be unknown for other reasons.
bool silent_under_load(const Observation& o, const Observation& other) {
  const bool told = o.view.watts || !o.series.integrated();
  return watts(other) > kLeastWatts && told && watts(o) < 0.001 * watts(other) && !o.source->readings.empty();
}

double sum_of_scope(const All& all, Scope scope) {
  double sum = 0;
  for (const Observation& o : all)
    if (o.source->domain.scope == scope && is_primary(o)) sum += watts(o);
  return sum;
}

// --- rules for two sources of one quantity
// -------------------------------------------------------------------

std::optional<Disagreement> module_as_gpu(const Observation& high, const Observation& low, const All& all) {
  if (high.source->domain.scope != Scope::Accelerator) return std::nullopt;
  const double host = sum_of_scope(all, Scope::Package), module = sum_of_scope(all, Scope::Module);
  const bool holds_host =
      host > kLeastWatts && std::abs(watts(high) - watts(low) - host) < kSameSum * watts(high);
  const bool is_module = module > kLeastWatts && std::abs(watts(high) / module - 1) < kSlack;
  if (!holds_host && !is_module) return std::nullopt;
  return Disagreement{Lie::ModuleAsGpu, name(high), name(low), watts(high) / watts(low),
                      fmt::format("{} reads what the GPU and the CPU draw together ({:.1f} W): it covers the "
                                  "module; do not add the CPU to it",
                                  name(high), watts(high))};
}

std::optional<Disagreement> wrong_unit(const Observation& a, const Observation& b) {
  if (a.series.integrated() || b.series.integrated()) return std::nullopt;
  const double ratio = watts(a) / watts(b);
  const Observation& high = ratio > 1 ? a : b;
  const Observation& low = ratio > 1 ? b : a;
  const double excess = watts(high) / watts(low);
  if (std::abs(excess - kUnitRatio) > kUnitTolerance || ratio_of(high, low).scatter > kProportional)
    return std::nullopt;
  return Disagreement{
      Lie::WrongUnit, name(high), name(low), excess,
      fmt::format("{} is {:.2f} % higher at every load: its unit is rounded to 15.3 instead of "
                  "15.2587890625 uJ",
                  name(high), 100 * (excess - 1))};
}

std::optional<Disagreement> different_power(const Observation& o, const Observation& primary,
                                            const All& all) {
  const double ratio = watts(o) / watts(primary);
  if (std::abs(ratio - 1) <= tolerance(o, primary)) return std::nullopt;
  const bool above = ratio > 1;
  if (auto module = module_as_gpu(above ? o : primary, above ? primary : o, all)) return module;
  const Ratio fine = ratio_of(o, primary);
  if (fine.n >= 3 && fine.scatter < kProportional + o.source->domain.relative_half_width)
    return Disagreement{Lie::Scaled, name(o), name(primary), ratio,
                        fmt::format("x{:.2f} at every load: one of the two is scaled wrongly; a meter tells "
                                    "which",
                                    ratio)};
  return Disagreement{Lie::Unexplained, name(o), name(primary), ratio,
                      "their ratio changes with the load, and no known cause fits"};
}

std::optional<Disagreement> compare_pair(const Observation& o, const Observation& primary, const All& all) {
  for (const auto& [dead, alive] : {std::pair(&o, &primary), std::pair(&primary, &o)})
    if (silent_under_load(*dead, *alive))
      return Disagreement{Lie::Stuck, name(*dead), name(*alive), std::nullopt,
                          fmt::format("does not move while {} reads {:.1f} W", name(*alive), watts(*alive))};
  if (!(watts(o) > 0) || !(watts(primary) > 0)) return std::nullopt;
  if (auto unit = wrong_unit(o, primary)) return unit;
  return different_power(o, primary, all);
}

// --- rules for one source
// ------------------------------------------------------------------------------------

std::optional<Disagreement> half_rate(const Observation& o) {
  const double stated = o.source->domain.update_seconds;
  if (!(stated > 0) || !o.view.update || o.view.update->poll_seconds > stated) return std::nullopt;
  const double factor = o.view.update->seconds / stated;
  if (factor < kHalfRateLow || factor > kHalfRateHigh) return std::nullopt;
  return Disagreement{
      Lie::HalfRate, name(o), "its data sheet", 1 / factor,
      fmt::format("{:.1f} new values a second where {:.1f} are stated: each is sent or counted "
                  "twice",
                  1 / o.view.update->seconds, 1 / stated)};
}

std::optional<Disagreement> long_average(const Observation& o) {
  if (!o.view.averaging || o.view.averaging->seconds < kLongAverage) return std::nullopt;
  if (o.source->domain.averaging_seconds > kLongAverage / 2) return std::nullopt;  // it says so itself
  return Disagreement{
      Lie::LongAverage, name(o), "the counter beside it", std::nullopt,
      fmt::format("a mean over {:.1f} s where an instant value is expected: wrong for anything "
                  "shorter than a few seconds",
                  o.view.averaging->seconds)};
}

// --- rules for the tree
// --------------------------------------------------------------------------------------

std::optional<Disagreement> parent_below_children(const Observation& parent, const All& all) {
  double sum = 0, slack = tolerance(parent, parent);
  std::string names;
  for (const Observation& o : all) {
    const auto& d = o.source->domain;
    // The DRAM of a server hangs below its package and is not in it.
    const bool outside = d.scope == Scope::Dram && parent.source->domain.scope == Scope::Package;
    if (d.parent != name(parent) || !is_primary(o) || outside) continue;
    sum += watts(o);
    slack = std::max(slack, tolerance(parent, o));
    names += (names.empty() ? "" : " + ") + d.name;
  }
  if (sum < kLeastWatts || watts(parent) >= sum * (1 - slack)) return std::nullopt;
  return Disagreement{
      Lie::ParentBelowChildren, name(parent), names, watts(parent) / sum,
      fmt::format("{:.1f} W in all, {:.1f} W in its parts: one of them reads too much, or a part "
                  "is not inside",
                  watts(parent), sum)};
}

std::optional<Disagreement> wall_below_inside(const Observation& wall, const All& all) {
  if (wall.source->domain.scope != Scope::Wall || !is_primary(wall) || !wall.view.watts) return std::nullopt;
  const double host = std::max(sum_of_scope(all, Scope::Psys),
                               sum_of_scope(all, Scope::Package) + sum_of_scope(all, Scope::Dram));
  const double inside =
      std::max(sum_of_scope(all, Scope::Module), host + sum_of_scope(all, Scope::Accelerator));
  if (inside < kLeastWatts || watts(wall) >= inside * (1 - tolerance(wall, wall))) return std::nullopt;
  return Disagreement{
      Lie::WallBelowInside, name(wall), "the sum inside", watts(wall) / inside,
      fmt::format("{:.1f} W at the wall, {:.1f} W inside: the meter misses a supply, or inside "
                  "something is counted twice",
                  watts(wall), inside)};
}

// Whether the steps of two counters are the same, one by one, and differ among themselves.
bool same_steps(const Observation& a, const Observation& b) {
  const auto &ra = a.source->readings, &rb = b.source->readings;
  std::size_t changes = 0, same = 0;
  double sum = 0, squares = 0;
  for (std::size_t i = 1; i < std::min(ra.size(), rb.size()); ++i) {
    if (!ra[i].energy_joules || !ra[i - 1].energy_joules || !rb[i].energy_joules || !rb[i - 1].energy_joules)
      continue;
    const double da = *ra[i].energy_joules - *ra[i - 1].energy_joules;
    const double db = *rb[i].energy_joules - *rb[i - 1].energy_joules;
    if (da == 0 && db == 0) continue;
    ++changes;
    same += std::abs(da - db) <= 1e-6 * std::abs(da);
    sum += da;
    squares += da * da;
  }
  if (changes < kMirroredChanges) return false;
  const double n = static_cast<double>(changes), mean = sum / n;
  const double spread = std::sqrt(std::max(0.0, squares / n - mean * mean));
  return static_cast<double>(same) >= kMirroredShare * n && spread > kMirroredVariety * mean;
}

std::optional<Disagreement> compare_sisters(const Observation& a, const Observation& b) {
  const auto &da = a.source->domain, &db = b.source->domain;
  if (!is_primary(a) || !is_primary(b) || da.scope != db.scope || da.parent != db.parent ||
      da.collector != db.collector)
    return std::nullopt;
  for (const auto& [dead, alive] : {std::pair(&a, &b), std::pair(&b, &a)})
    if (da.scope == Scope::Accelerator && dead->all_zero && silent_under_load(*dead, *alive))
      return Disagreement{
          Lie::SecondDieZero, name(*dead), name(*alive), std::nullopt,
          fmt::format("always 0: the second die of a board, whose energy is in {}", name(*alive))};
  if (same_steps(a, b))
    return Disagreement{Lie::Mirrored, name(b), name(a), 1.0,
                        "both count the same steps: one counter shown twice; count it once"};
  return std::nullopt;
}

}  // namespace

bool measure_the_same(const Observation& a, const Observation& b) {
  const auto &da = a.source->domain, &db = b.source->domain;
  return da.alternative_to == db.name || db.alternative_to == da.name ||
         (!da.alternative_to.empty() && da.alternative_to == db.alternative_to);
}

std::vector<Disagreement> find_lies(const All& all) {
  std::vector<Disagreement> out;
  const auto add = [&out](std::optional<Disagreement> found) {
    if (found) out.push_back(std::move(*found));
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    add(half_rate(all[i]));
    add(long_average(all[i]));
    add(parent_below_children(all[i], all));
    add(wall_below_inside(all[i], all));
    for (std::size_t j = 0; j < all.size(); ++j) {
      if (all[i].source->domain.alternative_to == name(all[j])) add(compare_pair(all[i], all[j], all));
      if (j > i) add(compare_sisters(all[i], all[j]));
    }
  }
  return out;
}

}  // namespace ipw::telemetry
