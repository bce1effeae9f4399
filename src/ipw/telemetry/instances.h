// SPDX-License-Identifier: Apache-2.0
// Partitions of a device: modelled shares that must sum to what the device has used.
#pragma once
#include <span>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// Scale the energies of the instances of each device so that together they are the energy of the device
/// (goal E11). Each series is cut at its own steps, so that at the edges of a window the shares do not add up
/// by themselves. `energies` are those of one window, in the order of the domains. Pure.
void balance_instances(std::span<const Domain> domains, std::vector<records::DomainEnergy>& energies);

}  // namespace ipw::telemetry
