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
/// measured.
constexpr std::array<const char*, 9> kHeadlineOrder = {"accelerator", "module", "package", "psys", "wall",
                                                       "host",        "core",   "uncore",  "dram"};

/// A worse source of the same quantity is in no sum (goal E4), unless the better one is not there at all.
bool stands_for(const std::vector<DomainEnergy>& energies, const DomainEnergy& e) {
  return e.alternative_to.empty() ||
         std::ranges::none_of(energies, [&](const auto& other) { return other.domain == e.alternative_to; });
}

bool has_scope(const std::vector<DomainEnergy>& energies, const std::string& scope) {
  return std::ranges::any_of(energies, [&](const auto& e) { return e.scope == scope; });
}

}  // namespace

Headline scope_energy(const std::vector<DomainEnergy>& energies, const std::string& scope) {
  Headline sum{scope, {}, 0.0, 0, {}};
  for (const auto& e : energies) {
    if (e.scope != scope || !stands_for(energies, e)) continue;
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
  if (!energies.empty()) return scope_energy(energies, energies[0].scope);
  return {{}, {}, std::nullopt, 0, "no energy was measured"};
}

}  // namespace ipw::records
