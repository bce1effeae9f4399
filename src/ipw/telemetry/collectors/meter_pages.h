// SPDX-License-Identifier: Apache-2.0
// What the pages of meters say: JSON from devices that may send anything.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/result.h"
#include "ipw/telemetry/collectors/meter.h"

namespace ipw::telemetry {

/// Shelly, second generation and later: Switch.GetStatus, PM1.GetStatus or EM1.GetStatus (apower or act_power
/// in W, aenergy.total in Wh). shelly-api-docs.shelly.cloud/gen2.
Result<MeterValue, std::string> parse_shelly(std::string_view body);
/// Shelly, first generation: /status, `meters` (power in W, total in watt-minutes) or `emeters` (total in
/// Wh).
Result<MeterValue, std::string> parse_shelly_first(std::string_view body, std::size_t channel);
/// Tasmota: Status 10 (StatusSNS.ENERGY) or the older Status 8 (StatusSNS or StatusPWR): Power in W. Its
/// Total, in kWh with three decimals, is too coarse for a counter.
Result<MeterValue, std::string> parse_tasmota(std::string_view body);
/// Redfish (DMTF DSP0268): Power, PowerControl[0].PowerConsumedWatts, or EnvironmentMetrics,
/// PowerWatts.Reading.
Result<MeterValue, std::string> parse_redfish(std::string_view body);
/// The paths (@odata.id) of a collection's members, or of one link of an object.
std::vector<std::string> redfish_members(std::string_view body);
std::string redfish_link(std::string_view body, const char* key);
/// DCMI Get Power Reading (IPMI DCMI 1.5, 6.6.1): the answer behind the completion code.
Result<MeterValue, std::string> parse_dcmi(std::span<const std::uint8_t> answer);

}  // namespace ipw::telemetry
