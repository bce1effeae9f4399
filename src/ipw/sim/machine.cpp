// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/machine.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "ipw/base/error.h"
#include "ipw/sim/world_files.h"

namespace ipw::sim {

namespace fs = std::filesystem;

namespace {

/// What a kind of device is like. Powers, costs and sensors are plausible, not those of a product.
struct Kind {
  std::string_view vendor, name, stubs;  ///< stubs: begin of the file names of its library
  double idle_watts, limit_watts;
  double cost;  ///< of a token, relative to the first accelerator
  double update_seconds, step_joules, wrap_joules;
  double memory_total_mb;
};

constexpr std::array<Kind, 5> kKinds{{
    {"amd", "AMD Simulated 192GB", "libamd_smi|librocm_smi", 70, 750, 0.8, 0.001, 0x1p-16, 0, 196608},
    {"dram", "dram", "", 6, 60, 0.03, 0, 0x1p-14, 262144, 0},
    {"gaudi", "Gaudi Simulated 96GB", "libhlml", 80, 600, 0.7, 0.1, 1e-3, 0, 98304},
    {"nvidia", "NVIDIA Simulated 80GB", "libnvidia-ml", 90, 700, 1, 0.1, 1e-3, 0, 81920},
    {"package", "package", "", 45, 350, 0.12, 0, 0x1p-14, 262144, 0},
}};

constexpr std::size_t kFirstBus = 0x16;

const Kind& kind_of(std::string_view vendor) {
  const auto found = std::ranges::find(kKinds, vendor, &Kind::vendor);
  const bool accelerator = found != kKinds.end() && vendor != "dram" && vendor != "package";
  if (!accelerator && vendor != "dram" && vendor != "package")
    throw Error(ErrorCode::Usage, fmt::format("unknown simulated device '{}'", vendor),
                "known: amd, gaudi, nvidia");
  return *found;
}

class Builder {
 public:
  explicit Builder(const MachineOptions& options) : options_(options) {
    machine_.root = fs::absolute(options.root);
    machine_.world = make_world(machine_.root, options.epoch_ns);
  }

  Machine build() && {
    std::map<std::string, int> counts;
    for (const std::string& vendor : options_.accelerators) add_accelerator(vendor, counts[vendor]++);
    for (int i = 0; i < options_.sockets; ++i) add_socket(i);
    write_host(machine_.root, options_.sockets);
    return std::move(machine_);
  }

 private:
  Device& add(const Kind& kind, std::string_view vendor, std::string_view shown, std::string name) {
    Device& device = add_device(**machine_.world, vendor, shown, {{1, kind.idle_watts}});
    device.update_seconds = kind.update_seconds;
    device.step_joules = kind.step_joules;
    device.wrap_joules = kind.wrap_joules;
    device.power_limit_watts = kind.limit_watts;
    device.start_joules = 1000.0 * static_cast<double>(machine_.names.size() + 1);
    device.memory_total_mb = kind.memory_total_mb;
    machine_.names.push_back(std::move(name));
    machine_.costs.push_back({options_.prefill_joules * kind.cost, options_.decode_joules * kind.cost});
    return device;
  }

  void add_accelerator(const std::string& vendor, int number) {
    const Kind& kind = kind_of(vendor);
    Device& device = add(kind, vendor, kind.name, fmt::format("{}-{}", vendor, number));
    fmt::format_to_n(device.bus, sizeof device.bus - 1, "0000:{:02x}:00.0",
                     kFirstBus + machine_.names.size());
    if (vendor == "amd") make_amd_card(machine_.root, number, kSimulatedCard, **machine_.world, device);
    if (number == 0) copy_stubs(kind);
  }

  void add_socket(int number) {
    const std::string package = fmt::format("package-{}", number),
                      zone = fmt::format("intel-rapl:{}", number);
    write_zone(machine_.root, zone, package, add(kind_of("package"), "cpu", package, package));
    const std::string dram = package + "/dram";
    write_zone(machine_.root, zone + ":0", "dram", add(kind_of("dram"), "cpu", dram, dram));
  }

  // Copies, not links: the loader would take the same file below two roots for one library.
  void copy_stubs(const Kind& kind) {
    std::error_code failure;
    int copied = 0;
    for (const auto& file : fs::directory_iterator(options_.stubs, failure)) {
      const std::string name = file.path().filename();
      if (!is_stub_of(kind, name)) continue;
      fs::create_directories(machine_.root / "usr/lib");
      fs::copy_file(file.path(), machine_.root / "usr/lib" / name, fs::copy_options::overwrite_existing);
      ++copied;
    }
    if (copied == 0)
      machine_.notes.push_back(
          fmt::format("no stub library of {} in '{}': its collector may find no such device", kind.vendor,
                      options_.stubs.string()));
  }

  static bool is_stub_of(const Kind& kind, const std::string& name) {
    const auto bar = kind.stubs.find('|');
    return name.starts_with(kind.stubs.substr(0, bar)) ||
           (bar != std::string_view::npos && name.starts_with(kind.stubs.substr(bar + 1)));
  }

  const MachineOptions& options_;
  Machine machine_;
};

}  // namespace

std::optional<std::size_t> Machine::find(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

Machine make_machine(const MachineOptions& options) {
  return Builder(options).build();
}

}  // namespace ipw::sim
