// SPDX-License-Identifier: Apache-2.0
// The management controller through the kernel's IPMI device.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "ipw/telemetry/collectors/meter.h"

namespace ipw::telemetry {

/// Send a command and wait for its answer, which begins with the completion code.
using IpmiExchange = std::function<Result<std::vector<std::uint8_t>, MeterFault>(
    std::uint8_t function, std::uint8_t command, std::span<const std::uint8_t> data)>;

/// The meter of DCMI's Get Power Reading over any exchange.
std::unique_ptr<Meter> make_dcmi_meter(IpmiExchange exchange);

}  // namespace ipw::telemetry
