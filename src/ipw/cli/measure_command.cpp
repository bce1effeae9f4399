// SPDX-License-Identifier: Apache-2.0
// ipw measure: what any command costs in joules, as `time` says what it costs in seconds.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/sensor_options.h"
#include "ipw/execution/measure.h"
#include "ipw/report/report.h"

namespace ipw::cli {
namespace {

constexpr int kInterrupted = 130, kCannotRun = 126, kNoSuchCommand = 127;

constexpr Positional kPositionals[] = {
    {"COMMAND", "The command and its arguments; it has the standard streams to itself.", true, true}};

constexpr Option kOptions[] = {
    {"--repeat", "N", "1", "Run it N times; the figures are means with their 95 % intervals."},
    {"--idle-seconds", "SECONDS", "0",
     "Length of the idle baseline before and after; above 0 the energy is also given net of idle power."},
    {"--output", "FILE", "", "Write the result to this file instead of standard error."},
    {"--json", "", "", "Write the result as JSON.", Kind::Flag},
    {"--quiet", "", "", "No progress on standard error.", Kind::Flag},
    kMonitorOption,
    kMonitorTokenOption,
    kCollectorOption,
    kSysfsRootOption,
    kSamplingPeriodOption,
    kCalibrationOption,
};

std::string with_interval(double value, double half_width, std::string_view unit) {
  return fmt::format("{} +- {}", human_quantity(value, unit), human_quantity(half_width, unit));
}

std::vector<std::string> row_of(const execution::MeasuredDomain& d, bool idle) {
  const auto& e = d.energy;
  std::vector<std::string> row = {e.domain};
  if (!e.joules) {
    row.insert(row.end(), {"unknown", ""});
  } else {
    row.push_back(with_interval(*e.joules, e.half_width_joules, "J"));
    row.push_back(d.watts ? human_quantity(*d.watts, "W") : "");
  }
  if (idle) {
    row.push_back(e.idle_joules ? human_quantity(*e.idle_joules, "J") : "");
    row.push_back(d.net_joules ? with_interval(*d.net_joules, d.net_half_width_joules, "J") : "");
  }
  row.push_back(e.method);
  row.push_back(e.joules ? fmt::format("{:.0f} %", 100 * e.coverage) : "");
  return row;
}

analysis::Table table_of(const execution::MeasureOutcome& outcome, bool idle) {
  analysis::Table table;
  table.columns = {"domain", "energy, 95 %", "power"};
  if (idle) table.columns.insert(table.columns.end(), {"idle", "net, 95 %"});
  table.columns.insert(table.columns.end(), {"method", "coverage"});
  table.right_aligned.assign(table.columns.size(), true);
  table.right_aligned.front() = false;
  table.right_aligned[table.columns.size() - 2] = false;
  for (const auto& d : outcome.domains) {
    table.rows.push_back(row_of(d, idle));
    if (!d.energy.reason.empty())
      table.notes.push_back(fmt::format("{}: {}", d.energy.domain, d.energy.reason));
    if (d.runs > 0 && d.runs < outcome.runs.size())
      table.notes.push_back(
          fmt::format("{}: a value in {} of {} runs", d.energy.domain, d.runs, outcome.runs.size()));
  }
  if (outcome.domains.empty())
    table.notes.emplace_back("no energy sensor was found; `ipw doctor` says what is missing and what to do");
  return table;
}

/// As exact as `time`; whole seconds would hide what a repetition shows.
std::string wall_time(double seconds) {
  constexpr double kMinute = 60;
  return seconds < kMinute ? fmt::format("{:.3f} s", seconds) : human_duration(seconds);
}

std::string text_of(const execution::MeasureRequest& request, const execution::MeasureOutcome& outcome,
                    int width) {
  const std::string spread =
      outcome.half_width_seconds ? fmt::format(" +- {}", wall_time(*outcome.half_width_seconds)) : "";
  std::string out = fmt::format("\n{}\n", join(request.command, " "));
  out += fmt::format("wall time {}{}, {} run{}, exit status {}, sensors {}\n", wall_time(outcome.seconds),
                     spread, outcome.runs.size(), outcome.runs.size() == 1 ? "" : "s", outcome.exit_status,
                     outcome.source);
  if (outcome.seconds < request.config.sampling_period_seconds)
    out += "shorter than the sampling period; --repeat and --sampling-period narrow the interval\n";
  auto table = table_of(outcome, request.config.idle_seconds > 0);
  for (const auto& problem : outcome.self.problems) table.notes.push_back(problem);
  if (outcome.self.missed_ticks > 0)
    table.notes.push_back(
        fmt::format("{} of {} readings came too late", outcome.self.missed_ticks, outcome.self.ticks));
  return out + report::render_table(table, {static_cast<std::size_t>(width), false});
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const execution::MeasuredDomain& d) {
  const auto& e = d.energy;
  return {{"domain", e.domain},
          {"scope", e.scope},
          {"joules", or_null(e.joules)},
          {"half_width_joules", e.joules ? Json(e.half_width_joules) : Json(nullptr)},
          {"watts", or_null(d.watts)},
          {"idle_watts", d.idle ? Json(d.idle->watts) : Json(nullptr)},
          {"idle_joules", or_null(e.idle_joules)},
          {"net_joules", or_null(d.net_joules)},
          {"net_half_width_joules", d.net_joules ? Json(d.net_half_width_joules) : Json(nullptr)},
          {"method", e.method},
          {"rule", e.rule},
          {"coverage", e.coverage},
          {"runs", d.runs},
          {"reason", e.reason}};
}

Json json_of(const execution::MeasureRequest& request, const execution::MeasureOutcome& outcome) {
  Json runs = Json::array(), domains = Json::array();
  for (const auto& run : outcome.runs) {
    Json joules = Json::object();
    for (const auto& e : run.energies) joules[e.domain] = or_null(e.joules);
    runs.push_back(
        {{"exit_status", run.exit_status}, {"seconds", run.seconds}, {"joules", std::move(joules)}});
  }
  for (const auto& d : outcome.domains) domains.push_back(json_of(d));
  return {{"command", request.command},
          {"exit_status", outcome.exit_status},
          {"interrupted", outcome.interrupted},
          {"seconds", outcome.seconds},
          {"half_width_seconds", or_null(outcome.half_width_seconds)},
          {"idle_seconds", request.config.idle_seconds},
          {"source", outcome.source},
          {"period_seconds", outcome.self.period_seconds},
          {"ticks", outcome.self.ticks},
          {"missed_ticks", outcome.self.missed_ticks},
          {"problems", outcome.self.problems},
          {"domains", std::move(domains)},
          {"runs", std::move(runs)}};
}

execution::MeasureRequest make_request(const Values& values) {
  execution::MeasureRequest request;
  request.command = values.list("COMMAND");
  request.repeat = static_cast<int>(values.integer("--repeat", 1).value_or(1));
  request.config = sensor_config(values);
  request.config.idle_seconds = values.number("--idle-seconds", 0).value_or(0);
  return request;
}

int refuse(const Error& error) {
  const bool missing = error.code() == ErrorCode::NotFound;
  fmt::print(
      stderr, "error: {}\nhint: {}\n", error.what(),
      missing ? "is it in PATH? A line for the shell goes into sh -c '...'"
              : "is it a program, and may you run it? A script needs chmod +x, or its interpreter in front");
  return missing ? kNoSuchCommand : kCannotRun;
}

int run(const Values& values, Context& context) {
  const auto request = make_request(values);
  execution::MeasureOutcome outcome;
  {
    Console console(values.has("--quiet"), context.err_is_terminal, context.width);
    outcome = execution::measure(request, context.around, console, context.stop);
  }
  if (outcome.not_started && outcome.runs.empty()) return refuse(*outcome.not_started);
  if (outcome.runs.empty()) return kInterrupted;
  const std::string text = values.has("--json") ? pretty_json(json_of(request, outcome))
                                                : text_of(request, outcome, context.width);
  if (const auto path = values.text("--output"))
    write_file_atomic(*path, text);
  else
    std::fputs(text.c_str(), stderr);
  return outcome.exit_status;
}

}  // namespace

const Command kMeasure = {
    "measure",
    "Run any command and say how much energy it took, domain by domain.",
    "The command's standard streams are its own and its exit status is passed on (128 + signal when it was\n"
    "killed); the result goes to standard error. Ctrl-C goes to the command.\n\n"
    "Examples:\n"
    "  ipw measure -- make -j8\n"
    "  ipw measure --repeat 5 --idle-seconds 10 --json --output energy.json -- ./bench --size 4096",
    kPositionals,
    kOptions,
    run,
    "[OPTIONS] -- COMMAND [ARGS]"};

}  // namespace ipw::cli
