// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/instances.h"

namespace ipw::telemetry {

namespace {

bool is_part(const Domain& domain, const Domain& device) {
  return domain.scope == Scope::Instance && domain.parent == device.name;
}

}  // namespace

void balance_instances(std::span<const Domain> domains, std::vector<records::DomainEnergy>& energies) {
  for (std::size_t device = 0; device < energies.size(); ++device) {
    if (domains[device].scope != Scope::Accelerator || !energies[device].joules) continue;
    double parts = 0;
    for (std::size_t i = 0; i < energies.size(); ++i)
      if (is_part(domains[i], domains[device])) parts += energies[i].joules.value_or(0);
    if (parts <= 0) continue;
    const double scale = *energies[device].joules / parts;
    for (std::size_t i = 0; i < energies.size(); ++i) {
      if (!is_part(domains[i], domains[device]) || !energies[i].joules) continue;
      *energies[i].joules *= scale;
      energies[i].half_width_joules *= scale;
      energies[i].random_half_width_joules *= scale;
    }
  }
}

}  // namespace ipw::telemetry
