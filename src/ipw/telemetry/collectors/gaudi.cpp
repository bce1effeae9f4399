// SPDX-License-Identifier: Apache-2.0
// Intel (Habana) Gaudi accelerators through libhlml, whose C functions are shaped like NVML's
// (telemetry.md 2.5).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "ipw/base/error.h"
#include "ipw/base/library.h"
#include "ipw/base/log.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/retry.h"
#include "ipw/telemetry/visible_devices.h"

namespace ipw::telemetry {

namespace {

constexpr auto kSlow = std::chrono::milliseconds(190);
constexpr double kCapWatts = 1800;  // twice the 900 W of a Gaudi 3 module
constexpr double kMib = 1048576;
constexpr std::array<std::string_view, 2> kNames{"libhlml.so", "libhlml.so.1"};
constexpr std::array<std::string_view, 2> kFolders{"/usr/lib/habanalabs", "/usr/local/lib/habanalabs"};

enum Status : int {
  kOk = 0,
  kUninitialized = 1,
  kNotSupported = 3,
  kDriverNotLoaded = 9,
  kTimeout = 10,
  kLost = 15,
  kNoData = 21
};

using Device = void*;
struct Memory {
  std::uint64_t free = 0, total = 0, used = 0;
};
// Newer libraries write a second word.
struct Utilization {
  std::uint32_t aip = 0;
  std::uint32_t more[7]{};
};

struct Functions {
  int (*init)();
  int (*shutdown)();
  int (*count)(unsigned*);
  int (*by_index)(unsigned, Device*);
  int (*name)(Device, char*, unsigned);
  int (*uuid)(Device, char*, unsigned);
  int (*energy)(Device, unsigned long long* millijoules);
  int (*power)(Device, unsigned* milliwatts);
  int (*temperature)(Device, int sensor, unsigned* celsius);
  int (*utilization)(Device, Utilization*);
  int (*memory)(Device, Memory*);
};

struct Trouble {
  Cause cause = Cause::Unreadable;
  std::string reason, remedy;
};

Trouble explain(int status, const std::string& what) {
  const auto tell = [&](Cause cause, std::string_view meaning, std::string remedy) {
    return Trouble{cause, fmt::format("{}: {} (HLML {})", what, meaning, status), std::move(remedy)};
  };
  switch (status) {
    case kUninitialized:
      return tell(Cause::Lost, "the library is not initialised", {});
    case kNotSupported:
      return tell(Cause::Unsupported, "not supported by this device or driver", {});
    case kDriverNotLoaded:
      return tell(Cause::Lost, "the habanalabs driver is not loaded", "modprobe habanalabs");
    case kTimeout:
      return tell(Cause::Unreadable, "the driver did not answer in time", {});
    case kLost:
      return tell(Cause::Lost, "the accelerator is lost", "read `dmesg`; reset it with hl-smi, or reboot");
    case kNoData:
      return tell(Cause::NotFound, "no data", {});
    default:
      return tell(Cause::Unreadable, "an error of the library", "read `dmesg`");
  }
}

struct Hlml {
  explicit Hlml(Library opened) : library(std::move(opened)) {}
  ~Hlml() {
    if (initialised) call.shutdown();
  }
  Hlml(const Hlml&) = delete;
  Hlml& operator=(const Hlml&) = delete;
  bool bind_all() {
    const bool usable = ipw::bind(library, call.init, {"hlml_init"}) &&
                        ipw::bind(library, call.shutdown, {"hlml_shutdown"}) &&
                        ipw::bind(library, call.count, {"hlml_device_get_count"}) &&
                        ipw::bind(library, call.by_index, {"hlml_device_get_handle_by_index"});
    ipw::bind(library, call.name, {"hlml_device_get_name"});
    ipw::bind(library, call.uuid, {"hlml_device_get_uuid"});
    ipw::bind(library, call.energy, {"hlml_device_get_total_energy_consumption"});
    ipw::bind(library, call.power, {"hlml_device_get_power_usage"});
    ipw::bind(library, call.temperature, {"hlml_device_get_temperature"});
    ipw::bind(library, call.utilization, {"hlml_device_get_utilization_rates"});
    ipw::bind(library, call.memory, {"hlml_device_get_memory_info"});
    return usable;
  }
  int restart() {
    if (initialised) call.shutdown();
    const int status = call.init();
    initialised = status == kOk;
    return status;
  }
  Library library;
  Functions call{};
  bool initialised = false;
};

Result<std::unique_ptr<Hlml>, Trouble> open_hlml(const std::string& root) {
  auto library = Library::open(kNames, root, kFolders);
  if (!library) {
    return Unexpected<Trouble>(Trouble{Cause::NotFound, library.error(),
                                       "install habanalabs-firmware-tools, which brings libhlml.so"});
  }
  auto out = std::make_unique<Hlml>(std::move(*library));
  if (out->bind_all()) return out;
  return Unexpected<Trouble>(Trouble{Cause::Unsupported, out->library.path() + " has no hlml_init",
                                     "reinstall the tools: this file is not their library"});
}

std::string text_of(int (*get)(Device, char*, unsigned), Device device) {
  std::array<char, 128> text{};
  return get && get(device, text.data(), text.size() - 1) == kOk ? text.data() : "";
}

std::optional<double> joules_of(std::uint64_t millijoules) {
  if (millijoules == 0 || millijoules == UINT64_MAX) return std::nullopt;
  return static_cast<double>(millijoules) / 1000;
}
std::optional<double> watts_of(std::uint32_t milliwatts) {
  const double watts = milliwatts / 1000.0;
  return watts > 0 && watts <= kCapWatts ? std::optional(watts) : std::nullopt;
}

// One accelerator, known by its id through losses and returns.
struct Accelerator {
  DeviceIdentity identity;
  Device handle = nullptr;
  std::uint32_t domain = 0;
  bool counted = false;  ///< it has an energy counter
  bool temperature = true, utilization = true, memory = true;
  std::optional<Trouble> trouble;
};

struct Listed {
  DeviceIdentity identity;
  Device handle = nullptr;
};

Result<std::vector<Listed>, int> list(const Hlml& hlml) {
  unsigned count = 0;
  if (const int status = hlml.call.count(&count); status != kOk) return Unexpected<int>(status);
  std::vector<Listed> out;
  for (unsigned i = 0; i < count; ++i) {
    Listed found;
    if (hlml.call.by_index(i, &found.handle) != kOk) continue;
    const auto uuid = text_of(hlml.call.uuid, found.handle), name = text_of(hlml.call.name, found.handle);
    found.identity = {.index = i, .uuid = uuid.empty() ? fmt::format("index {}", i) : uuid};
    found.identity.name = name.empty() ? "Gaudi" : name;
    out.push_back(std::move(found));
  }
  return out;
}

bool has_counter(const Functions& call, Device device) {
  unsigned long long millijoules = 0;
  return call.energy && call.energy(device, &millijoules) == kOk && joules_of(millijoules);
}

class Gaudi final : public Collector {
 public:
  Gaudi(const CollectorOptions& options, std::unique_ptr<Hlml> hlml) : hlml_(std::move(hlml)) {
    if (!options.argument.empty()) choice_ = parse_visible_devices(options.argument);
    const auto listed = start();
    if (!listed) throw Error(ErrorCode::Unavailable, trouble_->reason, trouble_->remedy);
    std::vector<DeviceIdentity> there;
    for (const Listed& found : *listed) there.push_back(found.identity);
    std::string unknown;
    const auto chosen = choose(choice_, there, unknown);
    if (!unknown.empty()) {
      throw Error(ErrorCode::Usage, fmt::format("there is no Gaudi '{}'", unknown),
                  "there are: " + list_devices(there));
    }
    for (std::size_t i = 0; i < there.size(); ++i)
      if (chosen[i]) add((*listed)[i]);
    if (devices_.empty())
      throw Error(ErrorCode::Unavailable, "the driver lists no Gaudi", "load habanalabs; see hl-smi");
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (ill() && retry_.due(now)) restart();
    const bool slow = !last_slow_ || now - *last_slow_ >= kSlow;
    if (slow) last_slow_ = now;
    for (Accelerator& device : devices_) {
      if (device.handle) read(device, clock, sample);
      if (device.handle && slow) gauges(device, now, sample);
      if (device.trouble) silence(device, *device.trouble, sample);
    }
    if (!ill()) retry_.reset();
  }

  void describe(records::MachineInfo& machine) const override {
    Accelerators found{"Intel", "HLML", {}, {}};
    for (const Accelerator& device : devices_) found.names.push_back(device.identity.name);
    add_accelerators(found, machine);
  }

 private:
  bool ill() const {
    return trouble_ || std::ranges::any_of(devices_, [](const auto& device) { return !device.handle; });
  }

  std::optional<std::vector<Listed>> start() {
    int status = hlml_->restart();
    if (status == kOk) {
      auto listed = list(*hlml_);
      trouble_.reset();
      if (listed) return *std::move(listed);
      status = listed.error();
    }
    trouble_ = explain(status, hlml_->library.path());
    return std::nullopt;
  }

  // Handles are good for one initialisation: each device gets a new one, or waits on.
  void restart() {
    const auto listed = start();
    for (Accelerator& device : devices_) {
      device.handle = nullptr;
      if (!listed) {
        device.trouble = trouble_;
        continue;
      }
      const auto again = std::ranges::find_if(
          *listed, [&](const Listed& found) { return found.identity.uuid == device.identity.uuid; });
      if (again == listed->end()) {
        device.trouble = {
            Cause::NotFound, device.identity.uuid + ": the driver does not list it any more", {}};
        continue;
      }
      device.handle = again->handle;
      device.trouble.reset();
      device.temperature = device.utilization = device.memory = true;
    }
  }

  void add(const Listed& found) {
    Accelerator device{.identity = found.identity, .handle = found.handle};
    device.domain = static_cast<std::uint32_t>(domains_.size());
    device.counted = has_counter(hlml_->call, found.handle);
    Domain domain;
    domain.name = fmt::format("gaudi-{}", found.identity.index);
    domain.scope = Scope::Accelerator;
    domain.method = device.counted ? Method::Counter : Method::Integrated;
    domain.collector = "gaudi";
    domain.cap_watts = kCapWatts;
    domain.step_joules = device.counted ? 1e-3 : 0;
    domain.relative_half_width = 0.05;
    domain.device = found.identity.uuid + ", " + found.identity.name;
    if (!device.counted) domain.note = "no energy counter: power is integrated";
    domains_.push_back(std::move(domain));
    devices_.push_back(std::move(device));
  }

  static void silence(const Accelerator& device, const Trouble& why, Sample& sample) {
    const std::string reason = why.remedy.empty() ? why.reason : why.reason + "; " + why.remedy;
    sample.silent.push_back({device.domain, reason, why.cause});
  }

  void read(Accelerator& device, Clock& clock, Sample& sample) {
    const auto& call = hlml_->call;
    Reading out{device.domain};
    const Instant begin = clock.now();
    unsigned long long millijoules = 0;
    int status = device.counted ? call.energy(device.handle, &millijoules) : int{kOk};
    Bracket bracket{begin, clock.now()};
    if (device.counted && status == kOk) out.energy_joules = joules_of(millijoules);
    unsigned milliwatts = 0;
    const int power = call.power ? call.power(device.handle, &milliwatts) : int{kNotSupported};
    if (power == kOk) out.power_watts = watts_of(milliwatts);
    if (!device.counted) status = power, bracket.end = clock.now();
    out.mid = bracket.mid();
    out.half_width = bracket.half_width();
    if (device.counted ? out.energy_joules.has_value() : out.power_watts.has_value()) {
      sample.readings.push_back(out);
    } else if (status == kOk) {
      silence(
          device,
          {Cause::Nonsense, device.identity.uuid + ": the driver shows 0 or all ones, which is no value", {}},
          sample);
    } else {
      fail(device, status, sample);
    }
  }

  static void fail(Accelerator& device, int status, Sample& sample) {
    const auto why = explain(status, device.identity.uuid);
    if (why.cause == Cause::Lost) {
      device.handle = nullptr;
      device.trouble = why;
    } else {
      silence(device, why, sample);
    }
  }

  void gauges(Accelerator& device, Instant now, Sample& sample) const {
    const auto& call = hlml_->call;
    const auto add = [&](Gauge gauge, double value) {
      sample.gauges.push_back({gauge, now, value, device.domain});
    };
    const auto took = [](bool& offered, int status) {
      offered = status != kNotSupported;
      return status == kOk;
    };
    unsigned celsius = 0;
    if (call.temperature && device.temperature &&
        took(device.temperature, call.temperature(device.handle, 0, &celsius)) && celsius < 200)
      add(Gauge::Temperature, celsius);
    Utilization load;
    if (call.utilization && device.utilization &&
        took(device.utilization, call.utilization(device.handle, &load)) && load.aip <= 100)
      add(Gauge::GpuUtilization, load.aip);
    Memory memory;
    if (call.memory && device.memory && took(device.memory, call.memory(device.handle, &memory)) &&
        memory.total > 0 && memory.used <= memory.total) {
      add(Gauge::GpuMemoryMb, static_cast<double>(memory.used) / kMib);
      add(Gauge::GpuMemoryTotalMb, static_cast<double>(memory.total) / kMib);
    }
  }

  std::unique_ptr<Hlml> hlml_;
  DeviceChoice choice_;
  std::vector<Domain> domains_;
  std::vector<Accelerator> devices_;
  std::optional<Trouble> trouble_;
  Retry retry_;
  std::optional<Instant> last_slow_;
};

}  // namespace

std::unique_ptr<Collector> make_gaudi(const CollectorOptions& options) {
  auto hlml = open_hlml(options.root);
  if (!hlml) throw Error(ErrorCode::Unavailable, hlml.error().reason, hlml.error().remedy);
  return std::make_unique<Gaudi>(options, std::move(*hlml));
}

std::vector<SensorStatus> diagnose_gaudi(const std::string& root) {
  const bool driver = read_small(root + "/sys/module/habanalabs/initstate").has_value();
  auto opened = open_hlml(root);
  if (!opened && !driver) return {};  // nobody asks for a Gaudi where there is no trace of one
  const auto absent = [](const Trouble& why) {
    return std::vector<SensorStatus>{{"Gaudi", false, why.reason, why.remedy}};
  };
  if (!opened) return absent(opened.error());
  if (const int status = (*opened)->restart(); status != kOk) return absent(explain(status, "HLML"));
  const auto listed = list(**opened);
  if (!listed) return absent(explain(listed.error(), "HLML"));
  std::vector<SensorStatus> out;
  for (const Listed& found : *listed) {
    const auto& call = (*opened)->call;
    unsigned milliwatts = 0;
    const bool counted = has_counter(call, found.handle);
    const int power = call.power ? call.power(found.handle, &milliwatts) : int{kNotSupported};
    SensorStatus status{fmt::format("Gaudi {}", found.identity.index), counted || power == kOk, {}, {}};
    const auto why = explain(power, found.identity.uuid);
    status.detail = counted ? fmt::format("{}, {}: energy counter", found.identity.name, found.identity.uuid)
                    : power == kOk ? "no energy counter, power is integrated"
                                   : why.reason;
    if (!counted) status.remedy = power == kOk ? "a newer driver may have the counter" : why.remedy;
    out.push_back(std::move(status));
  }
  if (out.empty()) return absent({Cause::NotFound, "the driver lists no Gaudi", "see hl-smi and `dmesg`"});
  return out;
}

}  // namespace ipw::telemetry
