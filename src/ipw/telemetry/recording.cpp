// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/recording.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/telemetry/names.h"

namespace ipw::telemetry {

namespace {

constexpr int kVersion = 1;
constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

Json optional_number(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}
std::optional<double> number_or_null(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<double>();
}
template <class Integer>
Integer integer(const Json& json) {
  if (!json.is_number_integer() || !std::in_range<Integer>(json.get<std::int64_t>()) ||
      (json.is_number_unsigned() && json.get<std::uint64_t>() > kLargest))
    throw Error(ErrorCode::Format, fmt::format("{} is no whole number of its range", dump_json(json)));
  return static_cast<Integer>(json.get<std::int64_t>());
}
Nanoseconds duration(const Json& json) {
  const Nanoseconds out(integer<std::int64_t>(json));
  if (out < -kFarthest || out > kFarthest)
    throw Error(ErrorCode::Format, fmt::format("{} ns is no time of any recording", out.count()));
  return out;
}
Instant instant(const Json& json) {
  return Instant(duration(json));
}
std::int64_t nanos(Instant t) {
  return t.time_since_epoch().count();
}

Json to_json(const Domain& d) {
  return {{"name", d.name},
          {"scope", to_string(d.scope)},
          {"parent", d.parent},
          {"method", to_string(d.method)},
          {"collector", d.collector},
          {"wrap_joules", optional_number(d.wrap_joules)},
          {"cap_watts", d.cap_watts},
          {"update_seconds", d.update_seconds},
          {"averaging_seconds", d.averaging_seconds},
          {"step_joules", d.step_joules},
          {"relative_half_width", d.relative_half_width},
          {"note", d.note},
          {"device", d.device},
          {"alternative_to", d.alternative_to}};
}

template <class Enum>
Enum require_word(std::optional<Enum> value, const Json& word) {
  if (!value) throw Error(ErrorCode::Format, fmt::format("unknown word '{}'", word.get<std::string>()));
  return *value;
}

Domain domain_from(const Json& json) {
  Domain d;
  d.name = json.at("name").get<std::string>();
  d.scope = require_word(scope_from(json.at("scope").get<std::string>()), json.at("scope"));
  d.parent = json.value("parent", "");
  d.method = require_word(method_from(json.at("method").get<std::string>()), json.at("method"));
  d.collector = json.value("collector", "");
  d.wrap_joules = number_or_null(json.value("wrap_joules", Json(nullptr)));
  d.cap_watts = json.value("cap_watts", d.cap_watts);
  d.update_seconds = json.value("update_seconds", 0.0);
  d.averaging_seconds = json.value("averaging_seconds", 0.0);
  d.step_joules = json.value("step_joules", 0.0);
  d.relative_half_width = json.value("relative_half_width", 0.0);
  d.note = json.value("note", "");
  d.device = json.value("device", "");
  d.alternative_to = json.value("alternative_to", "");
  return d;
}

Reading reading_from(const Json& json) {
  return {integer<std::uint32_t>(json.at(0)), instant(json.at(1)), duration(json.at(2)),
          number_or_null(json.at(3)), number_or_null(json.at(4))};
}

Sample sample_from(const Json& json) {
  Sample out;
  out.sequence = integer<std::uint64_t>(json.at("sequence"));
  out.tick = instant(json.at("tick"));
  for (const auto& entry : json.at("readings")) out.readings.push_back(reading_from(entry));
  for (const auto& entry : json.at("gauges")) {
    const Gauge gauge = require_word(gauge_from(entry.at(0).get<std::string>()), entry.at(0));
    const auto domain = entry.size() > 3 ? integer<std::uint32_t>(entry.at(3)) : GaugeReading::kMachine;
    out.gauges.push_back({gauge, instant(entry.at(1)), entry.at(2).get<double>(), domain});
  }
  for (const auto& entry : json.at("silent")) {
    const Cause cause = entry.size() > 2
                            ? require_word(cause_from(entry.at(2).get<std::string>()), entry.at(2))
                            : Cause::Unreadable;
    out.silent.push_back({integer<std::uint32_t>(entry.at(0)), entry.at(1).get<std::string>(), cause});
  }
  return out;
}

Json parse_typed(std::string_view line, std::string_view type) {
  auto json = parse_json(line);
  if (!json) throw Error(ErrorCode::Format, json.error());
  if (!json->is_object() || json->value("type", "") != type) {
    throw Error(ErrorCode::Format, fmt::format("not a line of type '{}'", type));
  }
  return std::move(*json);
}

}  // namespace

std::string header_line(const std::vector<Domain>& domains) {
  Json list = Json::array();
  for (const Domain& domain : domains) list.push_back(to_json(domain));
  return dump_json({{"type", "header"}, {"version", kVersion}, {"domains", std::move(list)}});
}

std::string sample_line(const Sample& sample) {
  Json readings = Json::array(), gauges = Json::array(), silent = Json::array();
  for (const Reading& r : sample.readings) {
    readings.push_back(Json::array({r.domain, nanos(r.mid), r.half_width.count(),
                                    optional_number(r.energy_joules), optional_number(r.power_watts)}));
  }
  for (const GaugeReading& g : sample.gauges) {
    Json entry = Json::array({to_string(g.gauge), nanos(g.mid), g.value});
    if (g.domain != GaugeReading::kMachine) entry.push_back(g.domain);
    gauges.push_back(std::move(entry));
  }
  for (const auto& [domain, reason, cause] : sample.silent)
    silent.push_back(Json::array({domain, reason, to_string(cause)}));
  return dump_json({{"type", "sample"},
                    {"sequence", sample.sequence},
                    {"tick", nanos(sample.tick)},
                    {"readings", std::move(readings)},
                    {"gauges", std::move(gauges)},
                    {"silent", std::move(silent)}});
}

bool is_header(std::string_view line) {
  if (line.find("\"header\"") == std::string_view::npos) return false;
  const auto json = parse_json(line);
  return json && json->is_object() && json->value("type", Json()) == "header";
}

std::vector<Domain> parse_header(std::string_view line) try {
  const Json json = parse_typed(line, "header");
  if (json.at("version") != kVersion) throw Error(ErrorCode::Format, "written by another version of ipw");
  std::vector<Domain> out;
  for (const auto& entry : json.at("domains")) out.push_back(domain_from(entry));
  return out;
} catch (const Json::exception& e) {
  throw Error(ErrorCode::Format, fmt::format("bad header: {}", e.what()));
}

Sample parse_sample(std::string_view line) try {
  return sample_from(parse_typed(line, "sample"));
} catch (const Json::exception& e) {
  throw Error(ErrorCode::Format, fmt::format("bad sample: {}", e.what()));
}

RecordingWriter::RecordingWriter(const std::filesystem::path& path, const std::vector<Domain>& domains)
    : file_(path) {
  file_.append(header_line(domains) + "\n");
}

void RecordingWriter::grow(const std::vector<Domain>& domains) {
  file_.append(header_line(domains) + "\n");
}

void RecordingWriter::write(const Sample& sample) {
  file_.append(sample_line(sample) + "\n");
}

}  // namespace ipw::telemetry
