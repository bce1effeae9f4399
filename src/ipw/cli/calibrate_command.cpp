// SPDX-License-Identifier: Apache-2.0
// ipw calibrate: the gain of a sensor against a meter.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/sensor_options.h"
#include "ipw/execution/calibrate.h"

namespace ipw::cli {
namespace {

constexpr Option kOptions[] = {
    {"--meter", "ID:ARGS", "",
     "The collector of the reference: shelly:HOST, tasmota:HOST, exec:PROGRAM, redfish:HOST."},
    {"--meter-log", "FILE", "",
     "Instead: the log of a meter that runs on its own (CSV with time and watts, or PTDaemon's). It is read "
     "when the load "
     "has ended; the difference of the clocks is found."},
    {"--domain", "NAME", "what follows the load most",
     "The domain to calibrate; repeat it to take the sum of several.", Kind::List},
    {"--reference", "WHAT", "machine",
     "machine: the meter measures all of it, so only the gain can be known; domain: it measures nothing but "
     "the domain."},
    {"--supply-efficiency", "SHARE", "1",
     "Of the supply between meter and machine; the gain cannot tell its losses."},
    {"--load", "COMMAND", "all processors compute",
     "Split at white space, without a shell; it is ended after each phase."},
    {"--cycles", "N", "6", "How often the load goes up and down."},
    {"--phase-seconds", "SECONDS", "15", "Length of each phase; slow meters need longer ones."},
    {"--output", "FILE", "calibration.json in ipw's configuration folder", "Where the gain is stored."},
    {"--dry-run", "", "", "Store nothing.", Kind::Flag},
    {"--json", "", "", "Print the result as JSON.", Kind::Flag},
    {"--quiet", "", "", "No progress on standard error.", Kind::Flag},
    kCollectorOption,
    kSysfsRootOption,
    kSamplingPeriodOption,
};

constexpr double kLeastPhase = 3;

execution::CalibrateRequest make_request(const Values& values) {
  execution::CalibrateRequest request;
  request.config = sensor_config(values);
  request.config.monitor = "none";
  request.meter = values.text("--meter").value_or("");
  request.meter_log = values.text("--meter-log").value_or("");
  if (request.meter.empty() == request.meter_log.empty())
    throw Error(ErrorCode::Usage, "calibrate needs a reference: --meter or --meter-log",
                "ipw calibrate --meter shelly:192.0.2.10");
  request.domains = values.list("--domain");
  const auto load = values.text("--load").value_or("");
  for (const auto word : split(load, ' '))
    if (!word.empty()) request.load.emplace_back(word);
  request.cycles = static_cast<int>(values.integer("--cycles", 2).value_or(request.cycles));
  request.phase_seconds = values.number("--phase-seconds", kLeastPhase).value_or(request.phase_seconds);
  request.supply_efficiency = values.number("--supply-efficiency", 0.1).value_or(1);
  const auto reference = values.text("--reference").value_or("machine");
  if (reference != "machine" && reference != "domain")
    throw Error(ErrorCode::Usage, fmt::format("--reference is machine or domain, not '{}'", reference));
  request.reference_is_domain = reference == "domain";
  return request;
}

std::string text_of(const execution::CalibrateOutcome& outcome, const execution::CalibrateRequest& request) {
  const auto& first = outcome.calibrations.front();
  const auto& fit = first.fit;
  std::vector<std::string> names;
  for (const auto& c : outcome.calibrations) names.push_back(c.domain);
  std::string out = fmt::format("{} against {}\n", join(names, " + "), first.reference);
  out += fmt::format("  gain    {:.4f} +- {:.4f} (95 %), from {} steps of {:.1f} W in the mean\n", fit.gain,
                     fit.half_width, fit.steps, fit.swing_watts);
  out += fmt::format("  offset  {:+.2f} +- {:.2f} W: {}\n", fit.offset_watts, fit.offset_half_width_watts,
                     first.offset_is_known ? "of the sensor" : "all else that the meter sees; not applied");
  if (std::abs(fit.nonlinearity) > 2 * fit.half_width / fit.gain)
    out += fmt::format(
        "  note    small steps have a gain that is {:+.1f} % off that of large ones: the sensor is not "
        "linear\n",
        100 * fit.nonlinearity);
  if (!request.meter_log.empty())
    out +=
        fmt::format("  note    the meter's clock is ahead of ours by {:.2f} s\n", outcome.clock_lead_seconds);
  return out;
}

/// New entries replace those of the same domain and device.
void store(const std::filesystem::path& path, const execution::CalibrateOutcome& outcome) {
  telemetry::CalibrationFile file;
  if (std::filesystem::exists(path)) file = telemetry::read_calibrations(path);
  if (file.host != outcome.host) file.entries.clear();
  file.host = outcome.host;
  for (const auto& c : outcome.calibrations) {
    std::erase_if(file.entries,
                  [&](const auto& old) { return old.domain == c.domain && old.device == c.device; });
    file.entries.push_back(c);
  }
  telemetry::write_calibrations(path, file);
}

int run(const Values& values, Context& context) {
  const auto request = make_request(values);
  execution::CalibrateOutcome outcome;
  {
    Console console(values.has("--quiet"), context.err_is_terminal, context.width);
    outcome = execution::calibrate(request, context.around, console, context.stop);
  }
  const std::filesystem::path path =
      values.text("--output").value_or(execution::calibration_path(context.around).string());
  if (!values.has("--dry-run")) store(path, outcome);
  if (values.has("--json")) {
    fmt::print("{}", pretty_json(telemetry::to_json({outcome.host, outcome.calibrations})));
    return 0;
  }
  fmt::print("{}", text_of(outcome, request));
  fmt::print("{}\n", values.has("--dry-run")
                         ? "not stored (--dry-run)"
                         : fmt::format("stored in {}; applied from now on (--calibration none does not)",
                                       path.string()));
  return 0;
}

}  // namespace

const Command kCalibrate = {
    "calibrate",
    "Find the gain of this machine's sensors against a meter, under a square wave of load.",
    "Sensors of boards are off by some percent, each board by its own. A meter at the outlet sees the same "
    "changes of load,\n"
    "so the ratio of the changes is the gain; what is constant (fans, disks) cancels. It takes some minutes, "
    "and nothing else\n"
    "should run meanwhile.\n\n"
    "Examples:\n"
    "  ipw calibrate --meter shelly:192.0.2.10 --supply-efficiency 0.92\n"
    "  ipw calibrate --meter-log wt310.csv --domain gpu-0 --load ./burn",
    {},
    kOptions,
    run};

}  // namespace ipw::cli
