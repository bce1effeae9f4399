// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/telemetry_log.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/log.h"
#include "ipw/records/rows.h"
#include "ipw/telemetry/names.h"
#include "ipw/telemetry/recording.h"

namespace ipw::execution {
namespace fs = std::filesystem;
namespace {

fs::path part_path(const fs::path& folder, std::size_t part) {
  return folder / (part == 1 ? "telemetry.jsonl" : fmt::format("telemetry-{}.jsonl", part));
}

using records::RowType;

const std::vector<records::Column>& table_columns() {
  static const std::vector<records::Column> kColumns = {
      {"part", RowType::Int64, {}},          {"sequence", RowType::Int64, {}},
      {"tick_ns", RowType::Int64, {}},       {"domain", RowType::String, {}},
      {"gauge", RowType::String, {}},        {"mid_ns", RowType::Int64, {}},
      {"half_width_ns", RowType::Int64, {}}, {"energy_joules", RowType::Double, {}},
      {"power_watts", RowType::Double, {}},  {"value", RowType::Double, {}},
      {"reason", RowType::String, {}}};
  return kColumns;
}

std::int64_t ns(Instant t) {
  return t.time_since_epoch().count();
}

/// One row for each reading, gauge and silent domain of a sample.
void append_sample(records::RowWriter& table, std::size_t part, const telemetry::Sample& sample,
                   const std::vector<telemetry::Domain>& domains) {
  const Json head = {{"part", part}, {"sequence", sample.sequence}, {"tick_ns", ns(sample.tick)}};
  for (const auto& r : sample.readings) {
    Json row = head;
    row["domain"] = domains.at(r.domain).name;
    row["mid_ns"] = ns(r.mid);
    row["half_width_ns"] = r.half_width.count();
    if (r.energy_joules) row["energy_joules"] = *r.energy_joules;
    if (r.power_watts) row["power_watts"] = *r.power_watts;
    table.append(row);
  }
  for (const auto& g : sample.gauges) {
    Json row = head;
    row["gauge"] = telemetry::to_string(g.gauge);
    row["mid_ns"] = ns(g.mid);
    row["value"] = g.value;
    if (g.domain != telemetry::GaugeReading::kMachine) row["domain"] = domains.at(g.domain).name;
    table.append(row);
  }
  for (const auto& [domain, reason, cause] : sample.silent) {
    Json row = head;
    row["domain"] = domains.at(domain).name;
    row["reason"] = reason;
    table.append(row);
  }
}

void append_part(records::RowWriter& table, std::size_t part, const fs::path& path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) return;
  auto domains = telemetry::parse_header(line);
  while (std::getline(in, line)) {
    if (in.eof()) break;  // a line without its end was cut by a kill
    if (telemetry::is_header(line)) {
      domains = telemetry::parse_header(line);
      continue;
    }
    append_sample(table, part, telemetry::parse_sample(line), domains);
  }
}

void write_table(const fs::path& folder) {
  const fs::path whole = folder / "telemetry.arrow", temporary = folder / "telemetry.arrow.tmp";
  const auto table = records::write_arrow_stream(temporary, table_columns());
  std::size_t part = 0;
  for (const auto& path : telemetry_parts(folder)) append_part(*table, ++part, path);
  table->close();
  fs::rename(temporary, whole);
}

}  // namespace

std::vector<fs::path> telemetry_parts(const fs::path& folder) {
  std::vector<fs::path> parts;
  while (fs::exists(part_path(folder, parts.size() + 1)))
    parts.push_back(part_path(folder, parts.size() + 1));
  return parts;
}

TelemetryLog::TelemetryLog(const fs::path& folder, telemetry::Source& source)
    : folder_(folder), source_(source), file_(part_path(folder, telemetry_parts(folder).size() + 1)) {
  const auto domains = source.domains();
  file_.append(telemetry::header_line(domains) + "\n");
  source.tap([this, known = domains.size()](const telemetry::Sample& sample) mutable {
    auto line = telemetry::sample_line(sample);
    if (const auto now = source_.domains(); now.size() > known) {
      known = now.size();
      line = telemetry::header_line(now) + "\n" + line;
    }
    const std::lock_guard lock(mutex_);
    waiting_ += line;
    waiting_ += '\n';
  });
}

TelemetryLog::~TelemetryLog() {
  source_.tap({});
}

void TelemetryLog::flush() {
  std::string lines;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(waiting_);
  }
  if (!lines.empty()) file_.append(lines);
}

void TelemetryLog::close() {
  source_.tap({});
  flush();
  try {
    write_table(folder_);
  } catch (const std::exception& e) {
    log::warning("telemetry.arrow was not written: {}; telemetry.jsonl holds the readings", e.what());
  }
}

}  // namespace ipw::execution
