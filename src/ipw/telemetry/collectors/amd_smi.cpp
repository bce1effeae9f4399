// SPDX-License-Identifier: Apache-2.0
// AMD GPUs through libamd_smi. Its structs change from major version to major version: they are read by
// offset, from buffers that are larger than any of them. Layouts: amdsmi.h of the versions 24, 25 and 26.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>

#include "ipw/base/library.h"
#include "ipw/telemetry/collectors/amd.h"

namespace ipw::telemetry {

namespace {

using Status = std::uint32_t;
using Handle = void*;
constexpr std::uint64_t kInitGpus = 2;
constexpr Status kOk = 0;

// A buffer for any struct of the library, zeroed before each call.
class Struct {
 public:
  void* clear() {
    bytes_.fill(std::byte{0});
    return bytes_.data();
  }
  template <class Number>
  Number at(std::size_t offset) const {
    Number out;
    std::memcpy(&out, bytes_.data() + offset, sizeof out);
    return out;
  }
  std::string text(std::size_t offset, std::size_t most) const {
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + offset;
    return {begin, ::strnlen(begin, most)};
  }

 private:
  alignas(16) std::array<std::byte, 4096> bytes_{};
};

// Where amdsmi_power_info_t has its watts.
struct PowerLayout {
  std::uint32_t major;
  std::size_t current, average;
  std::optional<std::size_t> socket;  // 64 bits: one of the other two, whichever the board has
};
constexpr std::array<PowerLayout, 3> kPower{{{24, 0, 4, std::nullopt}, {25, 8, 12, 0}, {26, 8, 12, 0}}};

struct Functions {
  Status (*version)(void*) = nullptr;
  Status (*init)(std::uint64_t) = nullptr;
  Status (*shut_down)() = nullptr;
  Status (*sockets)(std::uint32_t*, Handle*) = nullptr;
  Status (*processors)(Handle, std::uint32_t*, Handle*) = nullptr;
  Status (*bdf)(Handle, void*) = nullptr;
  Status (*energy)(Handle, std::uint64_t*, float*, std::uint64_t*) = nullptr;
  Status (*power)(Handle, void*) = nullptr;
  Status (*temperature)(Handle, int, int, std::int64_t*) = nullptr;
  Status (*activity)(Handle, void*) = nullptr;
  Status (*vram)(Handle, void*) = nullptr;
  Status (*asic)(Handle, void*) = nullptr;
  Status (*cap)(Handle, std::uint32_t, void*) = nullptr;
};

// Returns the name of a function without which nothing can be read, or nothing.
std::string bind_all(const Library& library, Functions& f) {
  bind(library, f.shut_down, {"amdsmi_shut_down"});
  bind(library, f.energy, {"amdsmi_get_energy_count"});
  bind(library, f.power, {"amdsmi_get_power_info"});
  bind(library, f.temperature, {"amdsmi_get_temp_metric"});
  bind(library, f.activity, {"amdsmi_get_gpu_activity"});
  bind(library, f.vram, {"amdsmi_get_gpu_vram_usage"});
  bind(library, f.asic, {"amdsmi_get_gpu_asic_info"});
  bind(library, f.cap, {"amdsmi_get_power_cap_info"});
  if (!bind(library, f.version, {"amdsmi_get_lib_version"})) return "amdsmi_get_lib_version";
  if (!bind(library, f.init, {"amdsmi_init"})) return "amdsmi_init";
  if (!bind(library, f.sockets, {"amdsmi_get_socket_handles"})) return "amdsmi_get_socket_handles";
  if (!bind(library, f.processors, {"amdsmi_get_processor_handles"})) return "amdsmi_get_processor_handles";
  if (!bind(library, f.bdf, {"amdsmi_get_gpu_device_bdf"})) return "amdsmi_get_gpu_device_bdf";
  return {};
}

struct StatusRow {
  Status status;
  Cause cause;
  std::string_view text;
};
constexpr std::array<StatusRow, 11> kStatuses{{
    {2, Cause::Unsupported, "not supported by this board or virtual machine"},
    {5, Cause::Lost, "the DRM device does not answer"},
    {8, Cause::Unreadable, "timeout"},
    {10, Cause::Denied, "no permission: join the groups render and video"},
    {12, Cause::Lost, "input/output error"},
    {14, Cause::Lost, "a file of the driver cannot be read"},
    {30, Cause::Unreadable, "the device is busy"},
    {31, Cause::Lost, "the device is not found"},
    {32, Cause::Lost, "the library has lost its initialisation"},
    {34, Cause::Lost, "the amdgpu driver is not loaded"},
    {40, Cause::Unsupported, "no data"},
}};

StatusRow explain_status(Status status) {
  const auto row = std::ranges::find(kStatuses, status, &StatusRow::status);
  return row == kStatuses.end() ? StatusRow{status, Cause::Unreadable, "failed"} : *row;
}

// Watts and percent are marked as absent by all bits set, in 16 or in 32 bits.
std::optional<double> value32(std::uint32_t raw) {
  if (raw == std::numeric_limits<std::uint32_t>::max() || raw == std::numeric_limits<std::uint16_t>::max())
    return std::nullopt;
  return static_cast<double>(raw);
}

class AmdSmi final : public AmdWay {
 public:
  explicit AmdSmi(std::string root) : root_(std::move(root)) {}
  ~AmdSmi() override { close(); }
  AmdSmi(const AmdSmi&) = delete;
  AmdSmi& operator=(const AmdSmi&) = delete;

  std::string_view name() const override { return "amd_smi"; }

  std::vector<AmdFacts> devices(std::string& problem) override {
    if (!open_) open_ = open();
    problem = problem_;
    std::vector<AmdFacts> out;
    for (const auto& [address, handle] : handles_) out.push_back(facts(address, handle));
    return out;
  }

  AmdValues read(const std::string& address, bool all) override {
    AmdValues out;
    const auto device = handles_.find(address);
    if (device == handles_.end()) {
      out.cause = Cause::Lost;
      out.reason =
          fmt::format("libamd_smi does not list {}{}{}", address, problem_.empty() ? "" : ": ", problem_);
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
    constexpr std::array<std::string_view, 4> kNames{"libamd_smi.so", "libamd_smi.so.26", "libamd_smi.so.25",
                                                     "libamd_smi.so.24"};
    constexpr std::array<std::string_view, 2> kFolders{"/opt/rocm/lib", "/opt/rocm/lib64"};
    if (!library_) {
      auto library = Library::open(kNames, root_, kFolders);
      if (!library) return fail(fmt::format("libamd_smi cannot be opened: {}", library.error()));
      library_.emplace(std::move(*library));
    }
    if (const std::string missing = bind_all(*library_, call_); !missing.empty())
      return fail(fmt::format("{} lacks {}", library_->path(), missing));
    if (!known_version()) return false;
    if (const Status status = call_.init(kInitGpus); status != kOk)
      return fail(fmt::format("amdsmi_init: {} (code {})", explain_status(status).text, status));
    initialised_ = true;
    problem_.clear();
    list();
    return true;
  }

  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  // The first number of the version is the year up to 24, and the major version from 25 on; they count on.
  bool known_version() {
    if (const Status status = call_.version(scratch_.clear()); status != kOk)
      return fail(fmt::format("amdsmi_get_lib_version failed with code {}", status));
    const auto major = scratch_.at<std::uint32_t>(0);
    power_ = std::ranges::find(kPower, major, &PowerLayout::major);
    if (power_ != kPower.end()) return true;
    return fail(fmt::format("{} has the major version {}, and this build knows the structs of 24, 25 and 26",
                            library_->path(), major));
  }

  void list() {
    handles_.clear();
    std::uint32_t sockets = 0;
    if (call_.sockets(&sockets, nullptr) != kOk) return;
    std::vector<Handle> socket(std::min(sockets, 1024U));
    sockets = static_cast<std::uint32_t>(socket.size());
    if (call_.sockets(&sockets, socket.data()) != kOk) return;
    for (const Handle one : std::span(socket).first(std::min<std::size_t>(sockets, socket.size()))) list(one);
  }

  void list(Handle socket) {
    std::uint32_t count = 0;
    if (call_.processors(socket, &count, nullptr) != kOk) return;
    std::vector<Handle> processor(std::min(count, 1024U));
    count = static_cast<std::uint32_t>(processor.size());
    if (call_.processors(socket, &count, processor.data()) != kOk) return;
    for (const Handle one : std::span(processor).first(std::min<std::size_t>(count, processor.size()))) {
      if (call_.bdf(one, scratch_.clear()) != kOk) continue;
      const auto raw = scratch_.at<std::uint64_t>(0);
      handles_[pci_address(raw >> 16, raw >> 8 & 0xff, raw >> 3 & 0x1f, raw & 0x7)] = one;
    }
  }

  AmdFacts facts(const std::string& address, Handle handle) {
    AmdFacts out{.address = address, .name = "AMD GPU"};
    constexpr std::size_t kName = 256;
    if (call_.asic && call_.asic(handle, scratch_.clear()) == kOk) out.name = scratch_.text(0, kName);
    out.two_dies = out.name.find("MI250") != std::string::npos;
    out.whole_soc = out.name.find("MI300A") != std::string::npos;
    if (const auto cap = power_cap(handle)) out.cap_watts = std::max(50.0, 2 * *cap);
    return out;
  }

  // Microwatts, and watts in early versions.
  std::optional<double> power_cap(Handle handle) {
    if (!call_.cap || call_.cap(handle, 0, scratch_.clear()) != kOk) return std::nullopt;
    const auto raw = static_cast<double>(scratch_.at<std::uint64_t>(0));
    constexpr double kMostWatts = 10000, kMostMicrowatts = 1e10;
    if (raw <= 0 || raw > kMostMicrowatts) return std::nullopt;
    return raw > kMostWatts ? raw * 1e-6 : raw;
  }

  static void note(AmdValues& out, std::string_view function, Status status) {
    const StatusRow row = explain_status(status);
    if (!out.reason.empty()) out.reason += "; ";
    if (out.reason.empty() || row.cause == Cause::Lost) out.cause = row.cause;
    out.reason += fmt::format("{}: {} (code {})", function, row.text, status);
  }

  void read_energy(Handle handle, AmdValues& out) {
    if (!call_.energy) {
      out.reason = "libamd_smi lacks amdsmi_get_energy_count";
      out.cause = Cause::Unsupported;
      return;
    }
    std::uint64_t count = 0, when = 0;
    float resolution = 0;
    if (const Status status = call_.energy(handle, &count, &resolution, &when); status != kOk) {
      note(out, "amdsmi_get_energy_count", status);
      return;
    }
    const auto step = amd_step_joules(static_cast<double>(resolution));
    if (!step || count == std::numeric_limits<std::uint64_t>::max()) {
      out.reason = fmt::format("amdsmi_get_energy_count gives {} steps of {:g} uJ", count, resolution);
      out.cause = Cause::Nonsense;
      return;
    }
    out.energy_joules = static_cast<double>(count) * *step;
    out.source = "amdsmi_get_energy_count";
  }

  void read_power(Handle handle, AmdValues& out) {
    if (!call_.power) return;
    if (const Status status = call_.power(handle, scratch_.clear()); status != kOk) {
      note(out, "amdsmi_get_power_info", status);
      return;
    }
    const auto current = value32(scratch_.at<std::uint32_t>(power_->current));
    const auto average = value32(scratch_.at<std::uint32_t>(power_->average));
    out.power_watts = current ? current : average;
    out.averaged = !current;
    if (!out.power_watts && power_->socket) {
      const auto socket = scratch_.at<std::uint64_t>(*power_->socket);
      if (socket <= std::numeric_limits<std::uint32_t>::max())
        out.power_watts = value32(static_cast<std::uint32_t>(socket));
    }
    if (!out.energy_joules)
      out.source = fmt::format("{} socket power of amdsmi", current ? "current" : "average");
  }

  void read_slow(Handle handle, AmdValues& out) {
    const auto temperature = [&](int sensor) -> std::optional<double> {
      std::int64_t celsius = 0;
      if (!call_.temperature || call_.temperature(handle, sensor, 0, &celsius) != kOk) return std::nullopt;
      return celsius >= 0xffff ? std::nullopt : std::optional(static_cast<double>(celsius));
    };
    constexpr int kEdge = 0, kHotspot = 1, kMemory = 2;
    out.temperature_celsius = temperature(kHotspot);
    if (!out.temperature_celsius) out.temperature_celsius = temperature(kEdge);
    out.memory_temperature_celsius = temperature(kMemory);
    if (call_.activity && call_.activity(handle, scratch_.clear()) == kOk) {
      out.activity_pct = value32(scratch_.at<std::uint32_t>(0));
      out.memory_activity_pct = value32(scratch_.at<std::uint32_t>(4));
    }
    if (call_.vram && call_.vram(handle, scratch_.clear()) == kOk) {
      out.memory_total_mb = value32(scratch_.at<std::uint32_t>(0));
      out.memory_used_mb = value32(scratch_.at<std::uint32_t>(4));
    }
    out.power_limit_watts = power_cap(handle);
  }

  void close() {
    handles_.clear();
    if (initialised_ && call_.shut_down) call_.shut_down();
    initialised_ = false;
  }

  std::string root_, problem_;
  std::optional<Library> library_;
  Functions call_;
  decltype(kPower)::const_iterator power_ = kPower.end();
  std::map<std::string, Handle> handles_;
  Struct scratch_;
  bool open_ = false, initialised_ = false;
};

}  // namespace

std::unique_ptr<AmdWay> make_amd_smi(const std::string& root) {
  return std::make_unique<AmdSmi>(root);
}

}  // namespace ipw::telemetry
