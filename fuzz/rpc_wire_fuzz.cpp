// SPDX-License-Identifier: Apache-2.0
// Any bytes as a message of a monitor: what is read goes across the wire unchanged, and histories take the
// samples.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ipw/rpc/clock_alignment.h"
#include "ipw/rpc/wire.h"
#include "ipw/telemetry/history.h"

namespace {

using namespace ipw;

/// Reading what was written from what was read gives the same message again.
template <class Message, class Ours, class... More>
void expect_stable(const Ours& read, More... more) {
  const auto once = rpc::to_wire(read, more...);
  const auto twice = rpc::to_wire(rpc::from_wire(once), more...);
  if (once.SerializeAsString() != twice.SerializeAsString()) std::abort();
}

void read_description(const std::string& bytes) {
  energy::DescribeResponse message;
  if (!message.ParseFromString(bytes)) return;
  expect_stable<energy::DescribeResponse>(rpc::from_wire(message));
}

void read_window(const std::string& bytes) {
  energy::WindowResponse message;
  if (!message.ParseFromString(bytes)) return;
  const auto answer = rpc::from_wire(message);
  for (const auto& judged : answer.energies)
    if (judged.energy.coverage > 1 || !(judged.gap_seconds >= 0) || !(judged.energy.half_width_joules >= 0))
      std::abort();
  expect_stable<energy::WindowResponse>(answer);
}

/// The first reading of an original monitor says what domains it has; then come two like it.
void read_original(const std::string& bytes) {
  energy::TelemetryReading message;
  if (!message.ParseFromString(bytes)) return;
  const auto reading = rpc::from_wire(message);
  for (const auto& value : {reading.power_watts, reading.energy_joules, reading.cpu_power_watts})
    if (value && (!std::isfinite(*value) || *value < 0)) std::abort();
  expect_stable<energy::TelemetryReading>(reading);
  const auto domains = rpc::domains_of(reading);
  rpc::StampBracket bracket(Instant{});
  telemetry::History history(domains);
  for (int i = 1; i < 4; ++i) {
    const auto at = bracket.place(reading.unix_ns, Instant(Nanoseconds(i)));
    history.feed(rpc::to_sample(reading, domains, at.mid, at.half_width));
  }
  history.window(Instant(Nanoseconds(1)), Instant(Nanoseconds(2)));
}

void read_sample(const std::string& bytes) {
  energy::MonitorSample message;
  if (!message.ParseFromString(bytes)) return;
  const auto sample = rpc::from_wire(message);
  expect_stable<energy::MonitorSample>(sample, std::uint64_t{0});
  rpc::Handshake handshake;
  handshake.round(Instant(Nanoseconds(0)), sample.tick, Instant(Nanoseconds(1000)));
  telemetry::History history({{.name = "a", .wrap_joules = 262144, .cap_watts = 300}, {.name = "b"}});
  auto local = sample;
  for (auto& reading : local.readings) reading.mid = handshake.to_local(reading.mid).mid;
  history.feed(local);
  history.window(handshake.to_local(sample.tick).mid, Instant(Nanoseconds(1'000'000)));
  history.problems();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_description(bytes);
      break;
    case 1:
      read_original(bytes);
      break;
    case 2:
      read_sample(bytes);
      break;
    default:
      read_window(bytes);
  }
  return 0;
}
