// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/meter_pages.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"

namespace ipw::telemetry {
namespace {

constexpr double kJoulesPerWh = 3600, kJoulesPerWattMinute = 60;
constexpr double kMostWatts = 1e6;  // more is no machine

const Json* member(const Json* json, std::string_view key) {
  if (json == nullptr || !json->is_object()) return nullptr;
  const auto it = json->find(std::string(key));
  return it == json->end() ? nullptr : &*it;
}

const Json* element(const Json* json, std::size_t index) {
  return json != nullptr && json->is_array() && index < json->size() ? &(*json)[index] : nullptr;
}

/// A finite number that is not negative; on some firmware it is a text or a list with one number for each
/// phase.
std::optional<double> number(const Json* json) {
  if (json == nullptr) return std::nullopt;
  if (json->is_array()) {
    double sum = 0;
    for (const auto& part : *json) {
      const auto value = number(&part);
      if (!value) return std::nullopt;
      sum += *value;
    }
    return json->empty() || !std::isfinite(sum) ? std::nullopt : std::optional(sum);
  }
  if (!json->is_number()) return std::nullopt;
  const auto value = json->get<double>();
  return std::isfinite(value) && value >= 0 ? std::optional(value) : std::nullopt;
}

Result<MeterValue, std::string> checked(MeterValue value, std::string_view sought) {
  if (value.watts && *value.watts > kMostWatts)
    return Unexpected<std::string>(fmt::format("{} W is no power of a machine", *value.watts));
  if (value.watts || value.joules) return value;
  return Unexpected<std::string>(fmt::format("no {} in the answer", sought));
}

std::optional<double> scaled(std::optional<double> value, double factor) {
  return value && std::isfinite(*value * factor) ? std::optional(*value * factor) : std::nullopt;
}

}  // namespace

Result<MeterValue, std::string> parse_shelly(std::string_view body) {
  const auto json = parse_json(body);
  if (!json) return Unexpected<std::string>("no JSON");
  MeterValue out;
  for (const auto* key : {"apower", "act_power", "total_act_power"})
    if (!out.watts) out.watts = number(member(&*json, key));
  out.joules = scaled(number(member(member(&*json, "aenergy"), "total")), kJoulesPerWh);
  return checked(out, "apower: this switch does not measure");
}

Result<MeterValue, std::string> parse_shelly_first(std::string_view body, std::size_t channel) {
  const auto json = parse_json(body);
  if (!json) return Unexpected<std::string>("no JSON");
  const Json* plain = element(member(&*json, "meters"), channel);
  const Json* exact = element(member(&*json, "emeters"), channel);
  const Json* meter = exact != nullptr ? exact : plain;
  if (const Json* valid = member(meter, "is_valid"); valid != nullptr && *valid == false)
    return Unexpected<std::string>("the meter calls its own value invalid");
  MeterValue out;
  out.watts = number(member(meter, "power"));
  out.joules = scaled(number(member(meter, "total")), exact != nullptr ? kJoulesPerWh : kJoulesPerWattMinute);
  return checked(out, "meter: this relay does not measure");
}

Result<MeterValue, std::string> parse_tasmota(std::string_view body) {
  const auto json = parse_json(body);
  if (!json) return Unexpected<std::string>("no JSON");
  MeterValue out;
  for (const auto* status : {"StatusSNS", "StatusPWR"}) {
    const Json* page = member(&*json, status);
    const Json* energy = member(page, "ENERGY");
    if (!out.watts) out.watts = number(member(energy != nullptr ? energy : page, "Power"));
  }
  return checked(out, "ENERGY.Power: this device does not measure");
}

Result<MeterValue, std::string> parse_redfish(std::string_view body) {
  const auto json = parse_json(body);
  if (!json) return Unexpected<std::string>("no JSON");
  MeterValue out;
  out.watts = number(member(element(member(&*json, "PowerControl"), 0), "PowerConsumedWatts"));
  if (!out.watts) out.watts = number(member(member(&*json, "PowerWatts"), "Reading"));
  return checked(out, "PowerConsumedWatts or PowerWatts");
}

std::vector<std::string> redfish_members(std::string_view body) {
  const auto json = parse_json(body);
  std::vector<std::string> out;
  const Json* members = json ? member(&*json, "Members") : nullptr;
  if (members == nullptr || !members->is_array()) return out;
  for (const auto& row : *members)
    if (const Json* id = member(&row, "@odata.id"); id != nullptr && id->is_string()) out.push_back(*id);
  return out;
}

std::string redfish_link(std::string_view body, const char* key) {
  const auto json = parse_json(body);
  const Json* id = json ? member(member(&*json, key), "@odata.id") : nullptr;
  return id != nullptr && id->is_string() ? id->get<std::string>() : "";
}

Result<MeterValue, std::string> parse_dcmi(std::span<const std::uint8_t> answer) {
  // Group extension DC, current, least, most, mean (16 bits, least byte first), time (32), period (32),
  // state.
  constexpr std::size_t kLength = 18, kState = 17;
  constexpr std::uint8_t kGroup = 0xDC, kActive = 0x40;
  if (answer.size() < kLength || answer[0] != kGroup)
    return Unexpected<std::string>(fmt::format("the answer of {} bytes is no power reading", answer.size()));
  if ((answer[kState] & kActive) == 0)
    return Unexpected<std::string>("the controller does not measure power now");
  MeterValue out;
  out.watts = static_cast<double>(answer[1]) + 256.0 * answer[2];
  return out;
}

}  // namespace ipw::telemetry
