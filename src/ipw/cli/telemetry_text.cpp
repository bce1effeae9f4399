// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/telemetry_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/report/report.h"
#include "ipw/telemetry/names.h"

namespace ipw::cli {
namespace {

std::string quantity(const std::optional<double>& value, std::string_view unit) {
  return value ? human_quantity(*value, unit) : "-";
}

std::string duration(const std::optional<double>& seconds) {
  return quantity(seconds, "s");
}

/// "<" where the sensor may be faster than it was read.
std::string period(const std::optional<telemetry::UpdateEstimate>& update) {
  if (!update) return "-";
  return (update->upper_bound ? "<=" : "") + human_quantity(update->seconds, "s");
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string status_of(const telemetry::LiveDomain& live) {
  std::string out = live.silent ? std::string(to_string(*live.silent)) : live.joules ? "ok" : "no energy yet";
  return live.reason.empty() ? out : out + ": " + report::printable(live.reason);
}

analysis::Table source_table(const telemetry::SourceComparison& comparison) {
  analysis::Table table;
  table.title = fmt::format("Sources over {}", human_duration(comparison.seconds));
  table.columns = {"source", "power, 95 %", "T", "W", "distinct/s"};
  table.right_aligned = {false, true, true, true, true};
  for (const auto& s : comparison.sources) {
    table.rows.push_back({s.domain,
                          s.watts ? fmt::format("{} +- {}", human_quantity(*s.watts, "W"),
                                                human_quantity(s.half_width_watts, "W"))
                                  : "unknown",
                          period(s.update), s.averaging ? human_quantity(s.averaging->seconds, "s") : "-",
                          s.update ? fmt::format("{:.3g}", s.update->distinct_hz) : "-"});
    if (!s.reason.empty())
      table.notes.push_back(fmt::format("{}: {}", s.domain, report::printable(s.reason)));
  }
  return table;
}

analysis::Table disagreement_table(const telemetry::SourceComparison& comparison) {
  analysis::Table table;
  table.title = "Disagreements";
  table.columns = {"source", "against", "ratio", "rule"};
  table.right_aligned = {false, false, true, false};
  for (const auto& d : comparison.disagreements) {
    table.rows.push_back({d.source, d.against, d.ratio ? fmt::format("x{:.3f}", *d.ratio) : "-",
                          std::string(telemetry::to_string(d.lie))});
    table.notes.push_back(fmt::format("{}: {}", d.source, d.cause));
  }
  return table;
}

}  // namespace

std::string live_heading() {
  return fmt::format("{:<20} {:>7} {:>18} {:>9} {:>7} {:>5}  {:<9} {}", "domain", "power", "energy, 95 %",
                     "T", "W", "W/T", "source", "status");
}

std::string live_line(const telemetry::LiveDomain& live) {
  const std::string energy = live.joules ? fmt::format("{} +- {}", human_quantity(*live.joules, "J"),
                                                       human_quantity(live.half_width_joules, "J"))
                                         : "-";
  const bool bound = live.domain.update_seconds <= 0 && live.update && live.update->upper_bound;
  return fmt::format("{:<20} {:>7} {:>18} {:>9} {:>7} {:>5}  {:<9} {}", report::printable(live.domain.name),
                     quantity(live.watts, "W"), energy, (bound ? "<=" : "") + duration(live.update_seconds),
                     duration(live.averaging_seconds),
                     live.coverage ? fmt::format("{:.0f} %", 100 * *live.coverage) : "-",
                     report::printable(live.domain.collector), status_of(live));
}

std::string live_line(const telemetry::LiveGauge& gauge) {
  return fmt::format("{:<20} {:>7.5g} {}", gauge.device.empty() ? "machine" : report::printable(gauge.device),
                     gauge.value, telemetry::to_string(gauge.gauge));
}

Json to_json(const telemetry::LiveDomain& live) {
  return {{"type", "domain"},
          {"domain", live.domain.name},
          {"scope", telemetry::to_string(live.domain.scope)},
          {"method", telemetry::to_string(live.domain.method)},
          {"source", live.domain.collector},
          {"watts", or_null(live.watts)},
          {"joules", or_null(live.joules)},
          {"half_width_joules", live.joules ? Json(live.half_width_joules) : Json(nullptr)},
          {"update_seconds", or_null(live.update_seconds)},
          {"averaging_seconds", or_null(live.averaging_seconds)},
          {"coverage", or_null(live.coverage)},
          {"distinct_hz", live.update ? Json(live.update->distinct_hz) : Json(nullptr)},
          {"status", live.silent ? Json(telemetry::to_string(*live.silent)) : Json("ok")},
          {"reason", live.reason}};
}

Json to_json(const telemetry::LiveGauge& gauge) {
  return {{"type", "gauge"},
          {"gauge", telemetry::to_string(gauge.gauge)},
          {"device", gauge.device},
          {"value", gauge.value}};
}

std::string comparison_text(const telemetry::SourceComparison& comparison, int width) {
  const report::Style style{static_cast<std::size_t>(width), false};
  std::string out = report::render_table(source_table(comparison), style) + "\n";
  if (comparison.disagreements.empty()) return out + "no disagreement\n";
  return out + report::render_table(disagreement_table(comparison), style);
}

Json to_json(const telemetry::SourceComparison& comparison) {
  Json sources = Json::array(), disagreements = Json::array();
  for (const auto& s : comparison.sources)
    sources.push_back({{"source", s.domain},
                       {"watts", or_null(s.watts)},
                       {"half_width_watts", s.watts ? Json(s.half_width_watts) : Json(nullptr)},
                       {"update_seconds", s.update ? Json(s.update->seconds) : Json(nullptr)},
                       {"update_is_bound", s.update ? Json(s.update->upper_bound) : Json(nullptr)},
                       {"distinct_hz", s.update ? Json(s.update->distinct_hz) : Json(nullptr)},
                       {"averaging_seconds", s.averaging ? Json(s.averaging->seconds) : Json(nullptr)},
                       {"reason", s.reason}});
  for (const auto& d : comparison.disagreements)
    disagreements.push_back({{"source", d.source},
                             {"against", d.against},
                             {"ratio", or_null(d.ratio)},
                             {"rule", telemetry::to_string(d.lie)},
                             {"cause", d.cause}});
  return {{"seconds", comparison.seconds}, {"sources", sources}, {"disagreements", disagreements}};
}

}  // namespace ipw::cli
