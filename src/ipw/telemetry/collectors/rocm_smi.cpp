// SPDX-License-Identifier: Apache-2.0
// AMD GPUs through librocm_smi64, the older library: every value has a function of its own.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>

#include "ipw/base/library.h"
#include "ipw/telemetry/collectors/amd.h"

namespace ipw::telemetry {

namespace {

using Status = std::uint32_t;
constexpr Status kOk = 0;
constexpr int kVram = 0, kEdge = 0, kJunction = 1, kMemory = 2, kCurrent = 0;

struct Functions {
  Status (*init)(std::uint64_t) = nullptr;
  Status (*shut_down)() = nullptr;
  Status (*count)(std::uint32_t*) = nullptr;
  Status (*pci_id)(std::uint32_t, std::uint64_t*) = nullptr;
  Status (*name)(std::uint32_t, char*, std::size_t) = nullptr;
  Status (*energy)(std::uint32_t, std::uint64_t*, float*, std::uint64_t*) = nullptr;
  Status (*power)(std::uint32_t, std::uint64_t*, int*) = nullptr;
  Status (*socket_power)(std::uint32_t, std::uint64_t*) = nullptr;
  Status (*average_power)(std::uint32_t, std::uint32_t, std::uint64_t*) = nullptr;
  Status (*temperature)(std::uint32_t, std::uint32_t, int, std::int64_t*) = nullptr;
  Status (*memory_used)(std::uint32_t, int, std::uint64_t*) = nullptr;
  Status (*memory_total)(std::uint32_t, int, std::uint64_t*) = nullptr;
  Status (*busy)(std::uint32_t, std::uint32_t*) = nullptr;
  Status (*cap)(std::uint32_t, std::uint32_t, std::uint64_t*) = nullptr;
};

// Returns the name of a function without which nothing can be read, or nothing.
std::string bind_all(const Library& library, Functions& f) {
  bind(library, f.shut_down, {"rsmi_shut_down"});
  bind(library, f.name, {"rsmi_dev_name_get"});
  bind(library, f.energy, {"rsmi_dev_energy_count_get"});
  bind(library, f.power, {"rsmi_dev_power_get"});
  bind(library, f.socket_power, {"rsmi_dev_current_socket_power_get"});
  bind(library, f.average_power, {"rsmi_dev_power_ave_get"});
  bind(library, f.temperature, {"rsmi_dev_temp_metric_get"});
  bind(library, f.memory_used, {"rsmi_dev_memory_usage_get"});
  bind(library, f.memory_total, {"rsmi_dev_memory_total_get"});
  bind(library, f.busy, {"rsmi_dev_busy_percent_get"});
  bind(library, f.cap, {"rsmi_dev_power_cap_get"});
  if (!bind(library, f.init, {"rsmi_init"})) return "rsmi_init";
  if (!bind(library, f.count, {"rsmi_num_monitor_devices"})) return "rsmi_num_monitor_devices";
  if (!bind(library, f.pci_id, {"rsmi_dev_pci_id_get"})) return "rsmi_dev_pci_id_get";
  return {};
}

Cause cause_of(Status status) {
  constexpr Status kNotSupported = 2, kFile = 3, kPermission = 4, kInit = 8, kNotFound = 10, kNoData = 14;
  if (status == kNotSupported || status == kNoData) return Cause::Unsupported;
  if (status == kPermission) return Cause::Denied;
  if (status == kFile || status == kInit || status == kNotFound) return Cause::Lost;
  return Cause::Unreadable;
}

class RocmSmi final : public AmdWay {
 public:
  explicit RocmSmi(std::string root) : root_(std::move(root)) {}
  ~RocmSmi() override { close(); }
  RocmSmi(const RocmSmi&) = delete;
  RocmSmi& operator=(const RocmSmi&) = delete;

  std::string_view name() const override { return "rocm_smi"; }

  std::vector<AmdFacts> devices(std::string& problem) override {
    if (!open_) open_ = open();
    problem = problem_;
    std::vector<AmdFacts> out;
    for (const auto& [address, index] : indices_) out.push_back(facts(address, index));
    return out;
  }

  AmdValues read(const std::string& address, bool all) override {
    AmdValues out;
    const auto device = indices_.find(address);
    if (device == indices_.end()) {
      out.cause = Cause::Lost;
      out.reason =
          fmt::format("librocm_smi64 does not list {}{}{}", address, problem_.empty() ? "" : ": ", problem_);
      return out;
    }
    read_energy(device->second, out);
    read_power(device->second, out);
    if (all) read_slow(device->second, out);
    if (out.energy_joules) out.reason.clear();
    return out;
  }

  void reopen() override {
    close();
    open_ = open();
  }

 private:
  bool open() {
    constexpr std::array<std::string_view, 5> kNames{"librocm_smi64.so", "librocm_smi64.so.7",
                                                     "librocm_smi64.so.6", "librocm_smi64.so.5",
                                                     "librocm_smi64.so.1"};
    constexpr std::array<std::string_view, 2> kFolders{"/opt/rocm/lib", "/opt/rocm/lib64"};
    if (!library_) {
      auto library = Library::open(kNames, root_, kFolders);
      if (!library) return fail(fmt::format("librocm_smi64 cannot be opened: {}", library.error()));
      library_.emplace(std::move(*library));
    }
    if (const std::string missing = bind_all(*library_, call_); !missing.empty())
      return fail(fmt::format("{} lacks {}", library_->path(), missing));
    if (const Status status = call_.init(0); status != kOk)
      return fail(
          fmt::format("rsmi_init failed with code {}: the amdgpu driver is not loaded, or this user may "
                      "not read it",
                      status));
    initialised_ = true;
    problem_.clear();
    list();
    return true;
  }

  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  void list() {
    indices_.clear();
    std::uint32_t count = 0;
    if (call_.count(&count) != kOk) return;
    for (std::uint32_t i = 0; i < std::min(count, 1024U); ++i) {
      std::uint64_t id = 0;  // domain in the upper half; bus, device, function in the lowest 16 bits
      if (call_.pci_id(i, &id) != kOk) continue;
      indices_[pci_address(id >> 32, id >> 8 & 0xff, id >> 3 & 0x1f, id & 0x7)] = i;
    }
  }

  AmdFacts facts(const std::string& address, std::uint32_t index) const {
    AmdFacts out{.address = address, .name = "AMD GPU"};
    std::array<char, 256> name{};
    if (call_.name && call_.name(index, name.data(), name.size() - 1) == kOk) out.name = name.data();
    out.two_dies = out.name.find("MI250") != std::string::npos;
    out.whole_soc = out.name.find("MI300A") != std::string::npos;
    if (const auto cap = microwatts(call_.cap, index, 0U)) out.cap_watts = std::max(50.0, 2 * *cap);
    return out;
  }

  // One 64-bit number of microwatts, as watts.
  template <class Function, class... Arguments>
  static std::optional<double> microwatts(Function* function, Arguments... arguments) {
    constexpr std::uint64_t kMost = 10'000'000'000;
    std::uint64_t value = 0;
    if (!function || function(arguments..., &value) != kOk || value > kMost) return std::nullopt;
    return static_cast<double>(value) * 1e-6;
  }

  void read_energy(std::uint32_t index, AmdValues& out) const {
    if (!call_.energy) {
      out.reason = "librocm_smi64 lacks rsmi_dev_energy_count_get";
      out.cause = Cause::Unsupported;
      return;
    }
    std::uint64_t count = 0, when = 0;
    float resolution = 0;
    if (const Status status = call_.energy(index, &count, &resolution, &when); status != kOk) {
      out.cause = cause_of(status);
      out.reason = fmt::format("rsmi_dev_energy_count_get failed with code {}", status);
      return;
    }
    const auto step = amd_step_joules(static_cast<double>(resolution));
    if (!step || count == std::numeric_limits<std::uint64_t>::max()) {
      out.reason = fmt::format("rsmi_dev_energy_count_get gives {} steps of {:g} uJ", count, resolution);
      out.cause = Cause::Nonsense;
      return;
    }
    out.energy_joules = static_cast<double>(count) * *step;
    out.source = "rsmi_dev_energy_count_get";
  }

  void read_power(std::uint32_t index, AmdValues& out) const {
    out.power_watts = microwatts(call_.socket_power, index);
    if (!out.power_watts) {
      std::uint64_t value = 0;
      int kind = 0;  // 0: a mean, 1: of the instant
      if (call_.power && call_.power(index, &value, &kind) == kOk && value < 10'000'000'000) {
        out.power_watts = static_cast<double>(value) * 1e-6;
        out.averaged = kind == 0;
      }
    }
    if (!out.power_watts) {
      out.power_watts = microwatts(call_.average_power, index, 0U);
      out.averaged = out.power_watts.has_value();
    }
    if (!out.energy_joules && out.power_watts)
      out.source = fmt::format("{} power of rsmi", out.averaged ? "average" : "current socket");
  }

  void read_slow(std::uint32_t index, AmdValues& out) const {
    const auto temperature = [&](std::uint32_t sensor) -> std::optional<double> {
      std::int64_t millidegrees = 0;
      if (!call_.temperature || call_.temperature(index, sensor, kCurrent, &millidegrees) != kOk)
        return std::nullopt;
      return static_cast<double>(millidegrees) * 1e-3;
    };
    const auto memory = [&](auto* function) -> std::optional<double> {
      std::uint64_t bytes = 0;
      if (!function || function(index, kVram, &bytes) != kOk) return std::nullopt;
      return static_cast<double>(bytes) / (1024.0 * 1024.0);
    };
    out.temperature_celsius = temperature(kJunction);
    if (!out.temperature_celsius) out.temperature_celsius = temperature(kEdge);
    out.memory_temperature_celsius = temperature(kMemory);
    out.memory_used_mb = memory(call_.memory_used);
    out.memory_total_mb = memory(call_.memory_total);
    std::uint32_t percent = 0;
    if (call_.busy && call_.busy(index, &percent) == kOk && percent <= 100)
      out.activity_pct = static_cast<double>(percent);
    out.power_limit_watts = microwatts(call_.cap, index, 0U);
  }

  void close() {
    indices_.clear();
    if (initialised_ && call_.shut_down) call_.shut_down();
    initialised_ = false;
  }

  std::string root_, problem_;
  std::optional<Library> library_;
  Functions call_;
  std::map<std::string, std::uint32_t> indices_;
  bool open_ = false, initialised_ = false;
};

}  // namespace

std::unique_ptr<AmdWay> make_rocm_smi(const std::string& root) {
  return std::make_unique<RocmSmi>(root);
}

}  // namespace ipw::telemetry
