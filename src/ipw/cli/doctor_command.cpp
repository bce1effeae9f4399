// SPDX-License-Identifier: Apache-2.0
// ipw doctor: each sensor, present, or absent with cause and remedy.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/cli/commands.h"
#include "ipw/cli/sensor_options.h"
#include "ipw/rpc/monitor.h"
#include "ipw/telemetry/source.h"

namespace ipw::cli {
namespace {

constexpr Option kOptions[] = {
    {"--collector", "ID[:ARGS]", "all", "Look only for these sensors.", Kind::List},
    {"--sysfs-root", "DIR", "", "Read /sys and /proc below this folder.", Kind::Text},
    {"--monitor", "ADDRESS", "", "Ask this monitor what it found when it started; repeat for several nodes.",
     Kind::List},
    kMonitorTokenOption,
    {"--json", "", "", "Print JSON.", Kind::Flag},
};

void print(const telemetry::SensorStatus& s) {
  fmt::print("{} {:<28} {}\n", s.present ? "present" : "absent ", s.sensor, s.detail);
  if (!s.remedy.empty()) fmt::print("{:>36} {}\n", "remedy:", s.remedy);
}

std::vector<telemetry::SensorStatus> find_sensors(const Values& values,
                                                  const telemetry::SourceOptions& options, Clock& clock) {
  if (!values.has("--monitor")) return telemetry::diagnose(options, clock);
  std::vector<telemetry::SensorStatus> out;
  const auto monitors = values.list("--monitor");
  for (const auto& monitor : monitors) {
    rpc::Address address = rpc::parse_address(monitor);
    if (const auto file = values.text("--monitor-token")) address.token = rpc::read_token(*file);
    for (auto& status : rpc::sensors(address)) {
      if (monitors.size() > 1) status.sensor = fmt::format("{}: {}", monitor, status.sensor);
      out.push_back(std::move(status));
    }
  }
  return out;
}

int run(const Values& values, Context& context) {
  telemetry::SourceOptions options;
  options.sysfs_root = values.text("--sysfs-root").value_or("");
  options.collectors = values.list("--collector");
  options.visible_devices = context.around.visible_devices;
  const auto sensors = find_sensors(values, options, context.around.clock);
  if (!values.has("--json")) {
    for (const auto& sensor : sensors) print(sensor);
    return 0;
  }
  Json list = Json::array();
  for (const auto& s : sensors)
    list.push_back({{"sensor", s.sensor},
                    {"present", s.present},
                    {"detail", s.detail},
                    {"remedy", s.remedy},
                    {"situation", s.situation}});
  fmt::print("{}", pretty_json(list));
  return 0;
}

}  // namespace

const Command kDoctor = {
    "doctor", "Look for every sensor and say what is missing, why, and what to do.", {}, {}, kOptions, run};

}  // namespace ipw::cli
