// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::sim {

namespace {

struct FaultName {
  std::string_view name;
  Fault fault;
  bool files;  ///< can also be shown by a file, without a vendor's library
  double value;
};

constexpr std::array<FaultName, 10> kFaults{{
    {"backwards", Fault::Backwards, true, 1},
    {"crash", Fault::Crash, false, 0},
    {"driver", Fault::Driver, false, 9},
    {"error", Fault::Error, false, 999},
    {"frozen", Fault::Frozen, true, 0},
    {"garbage", Fault::Garbage, true, 1e15},
    {"hang", Fault::Hang, false, 0},
    {"reset", Fault::Reset, true, 0},
    {"scaled", Fault::Scaled, true, 0.57},
    {"vanished", Fault::Vanished, true, 0},
}};

constexpr std::string_view kForm = "--fault DEVICE:FAULT:START:LENGTH[:VALUE], e.g. nvidia-0:hang:10s:5s";

template <class Rows>
std::string names(const Rows& rows) {
  std::string out;
  for (const auto& row : rows) out += (out.empty() ? "" : ", ") + std::string(row.name);
  return out;
}

FaultPlan plan(const FaultName& kind, std::span<const std::string_view> fields, std::int64_t epoch_ns) {
  FaultPlan out{kind.fault, epoch_ns + std::llround(parse_duration(fields[2]) * 1e9), INT64_MAX, kind.value};
  if (fields[3] != "end") out.until_ns = out.from_ns + std::llround(parse_duration(fields[3]) * 1e9);
  if (fields.size() == 5) {
    const auto value = parse_double(fields[4]);
    if (!value) throw Error(ErrorCode::Usage, fmt::format("'{}' is no value of a fault", fields[4]));
    out.value = *value;
  }
  return out;
}

std::span<FaultPlan> plans_of_device(Machine& machine, std::string_view name, const FaultName& kind) {
  const auto index = machine.find(name);
  if (!index)
    throw Error(ErrorCode::Usage, fmt::format("the simulated machine has no device '{}'", name),
                "its devices: " + join(machine.names, ", ") + ", wall");
  Device& device = (*machine.world)->device[*index];
  if (!kind.files && std::string_view(device.vendor) == "cpu")
    throw Error(ErrorCode::Usage, fmt::format("{} is read from a file, which cannot {}", name, kind.name),
                "for files: backwards, frozen, garbage, reset, scaled, vanished");
  return device.fault;
}

std::span<FaultPlan> plans_of_wall(Machine& machine, const FaultName& kind) {
  constexpr std::array kKnown{Fault::Error, Fault::Frozen, Fault::Garbage,
                              Fault::Hang,  Fault::Reset,  Fault::Vanished};
  if (std::ranges::find(kKnown, kind.fault) == kKnown.end())
    throw Error(ErrorCode::Usage, fmt::format("the meters at the wall cannot {}", kind.name),
                "for wall: error, frozen, garbage, hang, reset, vanished");
  return machine.wall_faults;
}

}  // namespace

double parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits{{{"ms", 1e-3}, {"s", 1}, {"m", 60}}};
  double unit = 1;
  std::string_view number = text;
  for (const auto& [suffix, seconds] : kUnits) {
    if (!text.ends_with(suffix)) continue;
    unit = seconds;
    number.remove_suffix(suffix.size());
    break;
  }
  const auto value = parse_double(number);
  if (!value || *value < 0)
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no duration", text), "write it as 10s, 250ms or 2m");
  return *value * unit;
}

void add_fault(Machine& machine, const std::string& text) {
  const auto fields = split(text, ':');
  if (fields.size() < 4 || fields.size() > 5)
    throw Error(ErrorCode::Usage, fmt::format("the fault '{}' has {} parts", text, fields.size()),
                std::string(kForm));
  const auto kind = std::ranges::find(kFaults, fields[1], &FaultName::name);
  if (kind == kFaults.end())
    throw Error(ErrorCode::Usage, fmt::format("unknown fault '{}'", fields[1]), "known: " + names(kFaults));
  const auto plans =
      fields[0] == "wall" ? plans_of_wall(machine, *kind) : plans_of_device(machine, fields[0], *kind);
  const auto free = std::ranges::find(plans, Fault::None, &FaultPlan::fault);
  if (free == plans.end())
    throw Error(ErrorCode::Usage, fmt::format("{} can have at most {} faults", fields[0], Device::kFaults));
  *free = plan(*kind, fields, (*machine.world)->epoch_ns);
}

}  // namespace ipw::sim
