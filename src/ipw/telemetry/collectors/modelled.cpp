// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/cpu_model.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/meminfo.h"
#include "ipw/telemetry/proc_stat.h"

namespace ipw::telemetry {

namespace {

constexpr std::uint32_t kCpu = 0, kMemory = 1;

/// Cloud Carbon Footprint's coefficient; that half of it may be wrong is our own guess, for want of a second
/// model.
constexpr double kMemoryWattsPerGb = 0.392, kMemoryHalfWidth = 0.5;

Domain memory_domain(double watts) {
  Domain out;
  out.name = "dram-modelled";
  out.scope = Scope::Dram;
  out.method = Method::Modelled;
  out.collector = "modelled";
  out.cap_watts = 2 * watts;
  out.relative_half_width = kMemoryHalfWidth;
  out.note = fmt::format("MODELLED from the size of the memory, {} W per GB, not measured: +-{:.0f} %",
                         kMemoryWattsPerGb, 100 * kMemoryHalfWidth);
  return out;
}

class Modelled final : public Collector {
 public:
  /// `memory_watts` 0 leaves the memory out.
  Modelled(const std::string& root, const CpuPowerModel& model, double memory_watts)
      : model_(model), memory_watts_(memory_watts), stat_(root + "/proc/stat") {
    Domain domain;
    domain.name = "cpu-modelled";
    domain.scope = Scope::Package;
    domain.method = Method::Modelled;
    domain.collector = "modelled";
    domain.cap_watts = 2 * model.watts(1);
    domain.relative_half_width = model.relative_half_width();
    domain.note =
        fmt::format("MODELLED from CPU load, not measured: +-{:.0f} %", 100 * domain.relative_half_width);
    domains_.push_back(std::move(domain));
    if (memory_watts_ > 0) domains_.push_back(memory_domain(memory_watts_));
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant begin = clock.now();
    const auto content = stat_.read();
    const Bracket bracket{begin, clock.now()};
    poll_memory(bracket.mid(), sample);
    if (!content) {
      sample.silent.push_back({kCpu, explain(stat_.path(), content.error()), cause_of(content.error())});
      return;
    }
    const auto times = parse_cpu_times(*content);
    if (!times) {
      sample.silent.push_back({kCpu, stat_.path() + " does not begin with the line 'cpu'", Cause::Nonsense});
      return;
    }
    advance(*times, bracket.mid());
    sample.readings.push_back({kCpu, bracket.mid(), bracket.half_width(), joules_, std::nullopt});
  }

 private:
  void poll_memory(Instant now, Sample& sample) {
    if (memory_watts_ <= 0) return;
    if (!memory_since_) memory_since_ = now;
    const double joules = memory_watts_ * to_seconds(now - *memory_since_);
    sample.readings.push_back({kMemory, now, Nanoseconds(0), joules, std::nullopt});
  }

  // The load is the mean since the last reading, so power times time is the model's exact integral.
  void advance(const CpuTimes& times, Instant now) {
    if (times_) {
      load_ = busy_share(*times_, times).value_or(load_);
      joules_ += model_.watts(load_) * to_seconds(now - at_);
    }
    times_ = times;
    at_ = now;
  }

  CpuPowerModel model_;
  double memory_watts_;
  KeptFile stat_;
  std::vector<Domain> domains_;
  std::optional<CpuTimes> times_;
  Instant at_{};
  double load_ = 0, joules_ = 0;
  std::optional<Instant> memory_since_;
};

double memory_watts(const std::string& root) {
  const auto meminfo = read_small(root + "/proc/meminfo");
  const auto total = meminfo ? total_memory_mb(*meminfo) : std::nullopt;
  constexpr double kMbPerGb = 1e9 / 1048576.0;
  return total.value_or(0) / kMbPerGb * kMemoryWattsPerGb;
}

}  // namespace

std::unique_ptr<Collector> make_modelled(const CollectorOptions& options) {
  if (!options.argument.empty() && options.argument != "memory") {
    throw Error(ErrorCode::Usage, fmt::format("unknown word '{}' after 'modelled:'", options.argument),
                "known: memory");
  }
  const auto stat = read_small(options.root + "/proc/stat");
  if (!stat || !parse_cpu_times(*stat)) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("{}/proc/stat cannot be read, so there is no load to model from", options.root),
                "mount /proc");
  }
  const auto machine = read_machine(options.root);
  return std::make_unique<Modelled>(options.root, CpuPowerModel(machine.cpu_brand, machine.cpu_count),
                                    options.argument.empty() ? 0 : memory_watts(options.root));
}

}  // namespace ipw::telemetry
