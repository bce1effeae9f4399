// SPDX-License-Identifier: Apache-2.0
// Read a monitor for some seconds with our client and print what it gave as JSON: read_monitor ADDRESS
// SECONDS [TOKEN_FILE]
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/rpc/monitor.h"

int main(int argc, char** argv) try {
  if (argc < 3 || argc > 4) return 2;
  ipw::SystemClock clock;
  auto address = ipw::rpc::parse_address(argv[1]);
  if (argc == 4) address.token = ipw::rpc::read_token(argv[3]);
  const auto source = ipw::rpc::connect(address, clock);
  double longest_gap = 0;
  std::optional<ipw::Instant> last_arrival;
  source->tap([&](const ipw::telemetry::Sample& sample) {
    if (sample.readings.empty()) return;
    const auto now = clock.now();
    if (last_arrival) longest_gap = std::max(longest_gap, ipw::to_seconds(now - *last_arrival));
    last_arrival = now;
  });
  const auto begin = clock.now() + std::chrono::milliseconds(200);
  const auto end = begin + ipw::from_seconds(std::stod(argv[2]));
  clock.sleep_until(end + std::chrono::milliseconds(500));
  source->tap({});
  const auto report = source->window(begin, end);
  const auto self = source->self();
  ipw::Json out;
  out["description"] = source->description();
  out["host"] = source->machine().host_name;
  out["ticks"] = self.ticks;
  out["missed_ticks"] = self.missed_ticks;
  out["achieved_hz"] = self.achieved_hz;
  out["longest_gap_seconds"] = longest_gap;
  out["problems"] = self.problems;
  const auto known = source->domains();
  for (const auto& energy : report.energies) {
    auto& domain = out["domains"][energy.domain];
    domain["scope"] = energy.scope;
    const auto at = std::ranges::find(known, energy.domain, &ipw::telemetry::Domain::name);
    domain["collector"] = at != known.end() ? at->collector : "";
    domain["joules"] = energy.joules ? ipw::Json(*energy.joules) : ipw::Json();
    domain["half_width"] = energy.half_width_joules;
    domain["reason"] = energy.reason;
    domain["validity"] = energy.validity;
  }
  if (report.cpu_memory_mb) out["cpu_memory_mb"] = report.cpu_memory_mb->avg;
  if (report.temperature_celsius) out["temperature"] = report.temperature_celsius->max;
  fmt::print("{}", ipw::pretty_json(out));
  return 0;
} catch (const ipw::Error& error) {
  fmt::print(stderr, "{}\n{}\n", error.what(), error.hint());
  return ipw::exit_status(error.code());
}
