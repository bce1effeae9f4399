// SPDX-License-Identifier: Apache-2.0
// AMD GPUs through the files of the amdgpu driver: no library, no privilege.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors/amd.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
constexpr double kMebibyte = 1024.0 * 1024.0;

// "PCI_SLOT_NAME=0000:c1:00.0" in uevent; the folder's own name in the device tree says the same.
std::string address_of(const fs::path& device) {
  const std::string uevent = read_small(device / "uevent").value_or("");
  for (const std::string_view line : split(uevent, '\n')) {
    constexpr std::string_view kKey = "PCI_SLOT_NAME=";
    if (line.starts_with(kKey)) return std::string(trim(line.substr(kKey.size())));
  }
  std::error_code failure;
  return fs::canonical(device, failure).filename().string();
}

fs::path hwmon_of(const fs::path& device) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(device / "hwmon", ignored)) {
    if (entry.path().filename().string().starts_with("hwmon")) return entry.path();
  }
  return {};
}

Cause cause_of(int error) {
  if (error == EACCES || error == EPERM) return Cause::Denied;
  if (error == ENOENT || error == ENODEV || error == ENXIO) return Cause::Lost;
  if (error == EOPNOTSUPP || error == EINVAL) return Cause::Unsupported;
  return Cause::Unreadable;
}

std::string remedy_of(Cause cause) {
  if (cause == Cause::Denied) return "; let this user read it (groups render and video, or a udev rule)";
  if (cause == Cause::Lost) return "; the driver or the device has gone, and is looked for again";
  return {};
}

// The files of one card. Those that the slower values need are read once in a while.
class Card {
 public:
  Card(const fs::path& device, AmdFacts facts)
      : folder_(device),
        facts_(std::move(facts)),
        status_(device / "power/runtime_status"),
        metrics_(device / "gpu_metrics"),
        busy_(device / "gpu_busy_percent"),
        memory_busy_(device / "mem_busy_percent"),
        used_(device / "mem_info_vram_used"),
        total_(device / "mem_info_vram_total") {
    const fs::path hwmon = hwmon_of(device);
    if (hwmon.empty()) return;
    input_.emplace(hwmon / "power1_input");
    average_.emplace(hwmon / "power1_average");
    cap_.emplace(hwmon / "power1_cap");
    clock_.emplace(hwmon / "freq1_input");
    for (int i = 1; i <= 3; ++i) label_temperature(hwmon, i);
  }

  const fs::path& folder() const { return folder_; }
  const AmdFacts& facts() const { return facts_; }

  AmdValues read(bool all) {
    AmdValues out;
    if (const auto status = status_.read(); status && trim(*status) == "suspended") {
      out.asleep = true;
      out.cause = Cause::Unsupported;
      out.reason = fmt::format("{} is suspended, and is not woken to be read", facts_.address);
      return out;
    }
    read_metrics(out);
    if (!out.energy_joules) read_power(out);
    if (all) read_slow(out);
    if (out.energy_joules) out.reason.clear();
    return out;
  }

 private:
  void label_temperature(const fs::path& hwmon, int i) {
    const auto label = read_small(hwmon / fmt::format("temp{}_label", i)).value_or("edge");
    const fs::path input = hwmon / fmt::format("temp{}_input", i);
    if (label == "mem")
      memory_temperature_.emplace(input);
    else if (label == "junction" || !temperature_)
      temperature_.emplace(input);
  }

  void read_metrics(AmdValues& out) {
    const auto content = metrics_.read();
    if (!content) {
      out.cause = cause_of(content.error());
      out.reason = fmt::format("{}: {} (errno {}){}", metrics_.path(), std::strerror(content.error()),
                               content.error(), remedy_of(out.cause));
      return;
    }
    const auto table = parse_gpu_metrics(*content);
    if (!table) {
      out.cause = Cause::Nonsense;
      out.reason = fmt::format("{}: {}", metrics_.path(), table.error());
      return;
    }
    take_metrics(*table, out);
  }

  static void take_metrics(const GpuMetrics& table, AmdValues& out) {
    const std::string version = fmt::format("gpu_metrics {}.{}", table.format, table.content);
    out.energy_joules = table.energy_joules;
    out.may_be_32_bit = table.may_be_32_bit;
    out.power_watts = table.current_watts ? table.current_watts : table.average_watts;
    out.averaged = !table.current_watts;
    out.source =
        fmt::format("{} of {}", table.energy_joules ? "energy_accumulator" : "socket power", version);
    out.temperature_celsius = table.temperature_celsius;
    out.memory_temperature_celsius = table.memory_temperature_celsius;
    out.activity_pct = table.activity_pct;
    out.memory_activity_pct = table.memory_activity_pct;
    out.core_clock_mhz = table.core_clock_mhz;
    out.memory_clock_mhz = table.memory_clock_mhz;
    out.throttle = table.throttle;
    out.residency = table.residency;
    if (out.energy_joules || out.power_watts) return;
    out.cause = Cause::Unsupported;
    out.reason = fmt::format("{} tells neither energy nor power", version);
  }

  // A sensor of the instant is better than a mean, and one in microwatts than one in watts.
  void read_power(AmdValues& out) {
    if (const auto watts = scaled(input_, 1e-6)) {
      out.power_watts = watts;
      out.averaged = false;
      out.source = "power1_input of hwmon";
    } else if (out.power_watts && !out.averaged) {
      return;
    } else if (const auto mean = scaled(average_, 1e-6)) {
      out.power_watts = mean;
      out.averaged = true;
      out.source = "power1_average of hwmon";
    }
  }

  void read_slow(AmdValues& out) {
    if (!out.temperature_celsius) out.temperature_celsius = scaled(temperature_, 1e-3);
    if (!out.memory_temperature_celsius) out.memory_temperature_celsius = scaled(memory_temperature_, 1e-3);
    if (!out.activity_pct) out.activity_pct = scaled(busy_, 1);
    if (!out.memory_activity_pct) out.memory_activity_pct = scaled(memory_busy_, 1);
    if (!out.core_clock_mhz) out.core_clock_mhz = scaled(clock_, 1e-6);
    out.memory_used_mb = scaled(used_, 1 / kMebibyte);
    out.memory_total_mb = scaled(total_, 1 / kMebibyte);
    out.power_limit_watts = scaled(cap_, 1e-6);
  }

  // A number that is not negative, times its unit. An absent file is asked for again at every read: it may
  // come with the driver.
  static std::optional<double> scaled(std::optional<KeptFile>& file, double unit) {
    return file ? scaled(*file, unit) : std::nullopt;
  }
  static std::optional<double> scaled(KeptFile& file, double unit) {
    const auto content = file.read();
    const auto value = content ? parse_int(trim(*content)) : std::nullopt;
    if (!value || *value < 0) return std::nullopt;
    return static_cast<double>(*value) * unit;
  }

  fs::path folder_;
  AmdFacts facts_;
  KeptFile status_, metrics_, busy_, memory_busy_, used_, total_;
  std::optional<KeptFile> input_, average_, cap_, clock_, temperature_, memory_temperature_;
};

// The northbridge's voltage is there on APUs alone (amdgpu's hwmon), and their tables have versions of their
// own. An MI300A is an APU too, with a board's table.
bool is_apu(const fs::path& device, std::uint32_t id) {
  constexpr std::array<std::uint32_t, 2> kMi300a{0x74a0, 0x74b4};
  if (std::ranges::find(kMi300a, id) != kMi300a.end()) return true;
  const fs::path hwmon = hwmon_of(device);
  if (!hwmon.empty() && read_small(hwmon / "in1_label").value_or("") == "vddnb") return true;
  KeptFile file((device / "gpu_metrics").string());
  const auto content = read_small(device / "power/runtime_status").value_or("") == "suspended"
                           ? Result<std::string_view, int>(Unexpected<int>(EAGAIN))
                           : file.read();
  return content && content->size() > 3 && ((*content)[2] == 2 || (*content)[2] == 3);
}

double cap_of(const fs::path& device) {
  constexpr double kBoard = 1500, kLeast = 50;
  const fs::path hwmon = hwmon_of(device);
  for (const char* file : {"power1_cap_max", "power1_cap"}) {
    const auto text = hwmon.empty() ? std::nullopt : read_small(hwmon / file);
    const auto microwatts = text ? parse_double(*text) : std::nullopt;
    if (microwatts && *microwatts > 0) return std::max(kLeast, 2e-6 * *microwatts);
  }
  return kBoard;
}

AmdFacts facts_of(const std::string& root, const fs::path& device) {
  const std::uint32_t id = amd_id(device / "device").value_or(0);
  AmdFacts out;
  out.address = address_of(device);
  out.name = read_small(device / "product_name").value_or("");
  if (out.name.empty()) out.name = amd_name(root, id, amd_id(device / "revision").value_or(0));
  out.whole_soc = is_apu(device, id);
  out.two_dies = amd_has_two_dies(id);
  out.cap_watts = cap_of(device);
  return out;
}

// "card0", not "card0-DP-1", which is a connector.
bool is_card(std::string_view name) {
  return name.starts_with("card") && parse_int(name.substr(4)).has_value();
}

class AmdSysfs final : public AmdWay {
 public:
  explicit AmdSysfs(std::string root) : root_(std::move(root)) {}
  std::string_view name() const override { return "sysfs"; }

  std::vector<AmdFacts> devices(std::string& problem) override {
    std::error_code failure;
    const std::string folder = root_ + "/sys/class/drm";
    for (const auto& entry : fs::directory_iterator(folder, failure)) {
      const fs::path device = entry.path() / "device";
      if (!is_card(entry.path().filename().string())) continue;
      if (read_small(device / "vendor").value_or("") != kAmdVendor) continue;
      if (const std::string address = address_of(device); !cards_.contains(address))
        cards_.emplace(address, Card(device, facts_of(root_, device)));
    }
    if (cards_.empty()) problem = fmt::format("no card of AMD in {}", folder);
    std::vector<AmdFacts> out;
    for (const auto& [address, card] : cards_) out.push_back(card.facts());
    return out;
  }

  AmdValues read(const std::string& address, bool all) override {
    const auto card = cards_.find(address);
    std::error_code ignored;
    // Files that are kept open may outlive their folder: look now and then.
    if (card != cards_.end() && (!all || fs::exists(card->second.folder(), ignored)))
      return card->second.read(all);
    AmdValues out;
    out.cause = Cause::Lost;
    out.reason = fmt::format("{} is in no folder of {}/sys/class/drm any more; it is looked for again",
                             address, root_);
    return out;
  }

  void reopen() override {
    cards_.clear();
    std::string ignored;
    devices(ignored);
  }

 private:
  std::string root_;
  std::map<std::string, Card> cards_;
};

}  // namespace

std::unique_ptr<AmdWay> make_amd_sysfs(const std::string& root) {
  return std::make_unique<AmdSysfs>(root);
}

}  // namespace ipw::telemetry
