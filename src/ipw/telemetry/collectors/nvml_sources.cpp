// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/nvml_sources.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace ipw::telemetry::nvml {

namespace {

// Two readings of one quantity at one instant differ by less than this.
constexpr double kSamePower = 0.01, kSameEnergy = 0.001;

// Update period and window of the instant power (telemetry.md 1.1, second-hand from arXiv 2312.02741), the
// first row whose part is in the name.
struct Timing {
  std::uint32_t architecture;
  std::string_view part;
  double update_seconds, averaging_seconds;
};
constexpr std::array kTimings{
    Timing{kPascal, "", 0.02, 0.01},     Timing{kVolta, "", 0.02, 0.01},     Timing{kTuring, "", 0.1, 0.1},
    Timing{kAmpere, "A100", 0.1, 0.025}, Timing{kAmpere, "A30", 0.1, 0.025}, Timing{kAmpere, "", 0.1, 0.1},
    Timing{kHopper, "GH200", 0.1, 0.02}, Timing{kHopper, "", 0.1, 0.025},
};

// Whether the name has the part, and not as the begin of a longer number: an RTX A3000 is no A30.
bool has_part(const std::string& name, std::string_view part) {
  const auto at = name.find(part);
  if (at == std::string::npos) return false;
  const std::size_t end = at + part.size();
  return part.empty() || end == name.size() || name[end] < '0' || name[end] > '9';
}

const Timing* timing_of(std::uint32_t architecture, const std::string& name) {
  const auto row = std::ranges::find_if(
      kTimings, [&](const Timing& t) { return t.architecture == architecture && has_part(name, t.part); });
  return row == kTimings.end() ? nullptr : &*row;
}

// GA100 keeps the plain power call without averaging.
bool is_ga100(const std::string& name) {
  return std::ranges::any_of(std::array{"A100", "A800", "A30"},
                             [&](const char* part) { return has_part(name, part); });
}

struct Offer {
  std::optional<double> plain_energy, field_energy;        // J
  std::optional<double> gpu_energy, module_energy;         // J, scoped
  std::optional<double> gpu_power, module_power, average;  // mW
};

std::optional<double> joules_of(const FieldValue& value) {
  const auto number = number_of(value);
  if (!number || *number <= 0) return std::nullopt;
  return *number / 1000;
}

Offer ask(const Functions& call, Device device) {
  Offer out;
  unsigned long long millijoules = 0;
  if (call.total_energy && call.total_energy(device, &millijoules) == kOk)
    out.plain_energy = counter_joules(millijoules);
  std::array<FieldValue, 6> f{};
  const std::array<std::pair<std::uint32_t, std::uint32_t>, 6> wanted{{{kFieldTotalEnergy, kScopeGpu},
                                                                       {kFieldEnergy, kScopeGpu},
                                                                       {kFieldEnergy, kScopeModule},
                                                                       {kFieldPowerInstant, kScopeGpu},
                                                                       {kFieldPowerInstant, kScopeModule},
                                                                       {kFieldPowerAverage, kScopeGpu}}};
  for (std::size_t i = 0; i < f.size(); ++i) std::tie(f[i].field, f[i].scope) = wanted[i];
  if (!call.field_values || call.field_values(device, static_cast<int>(f.size()), f.data()) != kOk)
    return out;
  out.field_energy = joules_of(f[0]);
  out.gpu_energy = joules_of(f[1]);
  out.module_energy = joules_of(f[2]);
  const auto positive = [](const FieldValue& value) {
    const auto number = number_of(value);
    return number && *number > 0 ? number : std::nullopt;
  };
  out.gpu_power = positive(f[3]);
  out.module_power = positive(f[4]);
  out.average = positive(f[5]);
  return out;
}

bool same(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

// Whether scope 0 is truly the GPU alone, as far as the two scopes tell.
bool gpu_is_apart(const Offer& o) {
  if (o.gpu_power && o.module_power) return !same(*o.gpu_power, *o.module_power, kSamePower);
  if (o.gpu_energy && o.module_energy) return !same(*o.gpu_energy, *o.module_energy, kSameEnergy);
  return false;
}

constexpr Origin field(std::uint32_t id, std::uint32_t scope) {
  return {Origin::Kind::Field, id, scope};
}
constexpr Origin kCall{Origin::Kind::Call, 0, 0};

void choose_plain(const Offer& o, Sources& out) {
  if (o.plain_energy)
    out.energy = kCall;
  else if (o.field_energy)
    out.energy = field(kFieldTotalEnergy, kScopeGpu);
  else if (o.gpu_energy)
    out.energy = field(kFieldEnergy, kScopeGpu);
  else
    out.note = "no energy counter (a virtual GPU, or older than Volta): power is integrated";
}

void choose_gpu_of_module(const Offer& o, Sources& out) {
  if (o.module_energy) out.module_energy = field(kFieldEnergy, kScopeModule);
  if (o.module_power) out.module_power = field(kFieldPowerInstant, kScopeModule);
  out.note = "GPU and memory alone: the module scope reads more";
  if (o.gpu_energy) {
    out.energy = field(kFieldEnergy, kScopeGpu);
    const bool wide =
        o.plain_energy && o.module_energy && same(*o.plain_energy, *o.module_energy, kSameEnergy);
    if (wide) out.note += "; the plain counter covers the module and is not used";
    return;
  }
  out.note += "; power is integrated, because the plain counter may cover the module";
}

void choose_module(const Offer& o, Sources& out) {
  out.scope = Scope::Module;
  const bool refused = !o.gpu_power && !o.gpu_energy;
  out.note = refused ? "MODULE (GPU, memory and CPU): the driver refuses the GPU scope"
                     : "MODULE (GPU, memory and CPU): the GPU scope shows what the module scope shows";
  out.note += "; the CPU is in it, do not add it";
  if (o.module_energy) out.energy = field(kFieldEnergy, kScopeModule);
  if (o.module_power) out.power = field(kFieldPowerInstant, kScopeModule);
}

void choose_power(const Functions& call, Device device, const Offer& o, Sources& out) {
  if (out.power) return;
  unsigned milliwatts = 0;
  if (o.gpu_power)
    out.power = field(kFieldPowerInstant, kScopeGpu);
  else if (!out.module() && call.power_usage && call.power_usage(device, &milliwatts) == kOk &&
           sensor_watts(milliwatts))
    out.power = kCall;
}

void set_timing(const Functions& call, Device device, const std::string& name, Sources& out) {
  unsigned architecture = 0;
  if (!call.architecture || call.architecture(device, &architecture) != kOk) architecture = 0;
  const bool recent = architecture == 0 || architecture >= kAmpere;  // unknown: take the worse for granted
  const bool averaged = out.power.kind == Origin::Kind::Call && recent && !is_ga100(name);
  const Timing* timing = timing_of(architecture, name);
  out.update_seconds = timing ? timing->update_seconds : 0;
  out.averaging_seconds = averaged ? 1 : timing ? timing->averaging_seconds : 0;
  out.power_is_average = averaged;
  if (averaged && !out.energy) out.note += ", as a mean over a second: windows below 5 s are wrong";
}

}  // namespace

std::optional<double> counter_joules(std::uint64_t millijoules) {
  // A thousand years at a megawatt: no counter gets there.
  constexpr std::uint64_t kTop = std::uint64_t{1} << 55;
  if (millijoules == 0 || millijoules > kTop) return std::nullopt;
  return static_cast<double>(millijoules) / 1000;
}

std::optional<double> sensor_watts(std::uint32_t milliwatts) {
  if (milliwatts == 0 || milliwatts == UINT32_MAX) return std::nullopt;
  return milliwatts / 1000.0;
}

std::optional<double> number_of(const FieldValue& value) {
  if (value.status != kOk) return std::nullopt;
  switch (value.type) {
    case kDouble:
      return std::isfinite(value.value.d) ? std::optional(value.value.d) : std::nullopt;
    case kUnsignedInt:
      return value.value.u32 == UINT32_MAX ? std::nullopt : std::optional<double>(value.value.u32);
    case kUnsignedLong:
    case kUnsignedLongLong:
      return value.value.u64 == UINT64_MAX ? std::nullopt
                                           : std::optional(static_cast<double>(value.value.u64));
    case kSignedLongLong:
      return static_cast<double>(value.value.i64);
    case kSignedInt:
      return value.value.i32;
    case kUnsignedShort:
      return value.value.u16 == UINT16_MAX ? std::nullopt : std::optional<double>(value.value.u16);
    default:
      return std::nullopt;
  }
}

Sources find_sources(const Functions& call, Device device, const std::string& name) {
  const Offer offer = ask(call, device);
  Sources out;
  if (!offer.module_energy && !offer.module_power)
    choose_plain(offer, out);
  else if (gpu_is_apart(offer))
    choose_gpu_of_module(offer, out);
  else
    choose_module(offer, out);
  choose_power(call, device, offer, out);
  set_timing(call, device, name, out);
  out.average = offer.average.has_value() && !(out.power_is_average && !out.energy);
  unsigned count = 0;
  int type = 0;
  out.samples =
      call.samples && call.samples(device, kTotalPowerSamples, 0, &type, &count, nullptr) == kOk && count > 0;
  return out;
}

}  // namespace ipw::telemetry::nvml
