// SPDX-License-Identifier: Apache-2.0
// Which domains stand for a query. Only domains of one scope are ever added, so no level of the tree counts
// twice.
#include <algorithm>
#include <array>
#include <cmath>

#include "ipw/records/query_record.h"

namespace ipw::records {
namespace {

/// From the device that does the work outwards; a part of a package stands only where nothing else was
/// measured. "host" is what belongs to no known scope, and stands for nothing.
constexpr std::array<const char*, 8> kHeadlineOrder = {"accelerator", "module", "package", "psys",
                                                       "wall",        "core",   "uncore",  "dram"};

bool has_scope(const std::vector<DomainEnergy>& energies, const std::string& scope) {
  return std::ranges::any_of(energies, [&](const auto& e) { return e.scope == scope; });
}

}  // namespace

bool counts_in_sums(const std::vector<DomainEnergy>& energies, const DomainEnergy& energy) {
  return energy.alternative_to.empty() || std::ranges::none_of(energies, [&](const auto& other) {
           return other.domain == energy.alternative_to;
         });
}

namespace {

void add_optional(std::optional<double>& sum, const std::optional<double>& more) {
  sum = sum && more ? std::optional(*sum + *more) : std::nullopt;
}

void add(DomainEnergy& sum, double sum_seconds, const DomainEnergy& more, double more_seconds) {
  const double gain = sum.half_width_joules - sum.random_half_width_joules + more.half_width_joules -
                      more.random_half_width_joules;
  sum.random_half_width_joules = std::hypot(sum.random_half_width_joules, more.random_half_width_joules);
  sum.half_width_joules = gain + sum.random_half_width_joules;
  const double seconds = sum_seconds + more_seconds;
  if (seconds > 0) sum.coverage = (sum.coverage * sum_seconds + more.coverage * more_seconds) / seconds;
  add_optional(sum.joules, more.joules);
  add_optional(sum.idle_joules, more.idle_joules);
  add_optional(sum.low_joules, more.low_joules);
  add_optional(sum.high_joules, more.high_joules);
  if (sum.reason.empty()) sum.reason = more.reason;
  for (const auto& rule : more.validity)
    if (std::ranges::find(sum.validity, rule) == sum.validity.end()) sum.validity.push_back(rule);
}

}  // namespace

void add_energies(std::vector<DomainEnergy>& sum, double sum_seconds, const std::vector<DomainEnergy>& more,
                  double more_seconds) {
  if (sum.empty()) {
    sum = more;
    return;
  }
  for (const auto& energy : more) {
    const auto it = std::ranges::find(sum, energy.domain, &DomainEnergy::domain);
    if (it != sum.end()) {
      add(*it, sum_seconds, energy, more_seconds);
      continue;
    }
    sum.push_back(energy);  // a device that was not there before: what it took then is not known
    sum.back().joules.reset();
    sum.back().reason = "the device appeared in the middle of the task";
  }
}

Headline scope_energy(const std::vector<DomainEnergy>& energies, const std::string& scope) {
  Headline sum{scope, {}, 0.0, 0, {}};
  for (const auto& e : energies) {
    if (e.scope != scope || !counts_in_sums(energies, e)) continue;
    if (sum.method.empty()) sum.method = e.method;
    if (sum.method != e.method) sum.method = "mixed";
    // Half-widths are added, not squared: the error of a counter's gain is common to all domains.
    sum.half_width_joules += e.half_width_joules;
    sum.random_half_width_joules += e.random_half_width_joules;
    if (e.joules && std::isfinite(*e.joules) && sum.joules) {
      *sum.joules += *e.joules;
    } else if (!e.joules || !std::isfinite(*e.joules)) {
      sum.joules.reset();
      if (sum.reason.empty()) sum.reason = e.domain + ": " + (e.reason.empty() ? "no value" : e.reason);
    }
  }
  if (has_scope(energies, scope)) return sum;
  return {scope, {}, std::nullopt, 0, "no domain of scope " + scope + " was measured"};
}

Headline headline_energy(const std::vector<DomainEnergy>& energies) {
  for (const char* scope : kHeadlineOrder)
    if (has_scope(energies, scope)) return scope_energy(energies, scope);
  if (!energies.empty())
    return {{}, {}, std::nullopt, 0, "only sensors whose scope is not known were measured"};
  return {{}, {}, std::nullopt, 0, "no energy was measured"};
}

}  // namespace ipw::records
