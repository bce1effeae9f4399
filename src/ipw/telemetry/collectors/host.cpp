// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/meminfo.h"
#include "ipw/telemetry/proc_stat.h"

namespace ipw::telemetry {

namespace {

// Slower than the energy: these files cost the kernel more and change little.
constexpr auto kEvery = std::chrono::milliseconds(190);

class Host final : public Collector {
 public:
  explicit Host(const std::string& root) : meminfo_(root + "/proc/meminfo"), stat_(root + "/proc/stat") {}

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (last_ && now - *last_ < kEvery) return;
    last_ = now;
    if (const auto content = meminfo_.read()) {
      if (const auto used = used_memory_mb(*content))
        sample.gauges.push_back({Gauge::CpuMemoryMb, now, *used});
    }
    if (const auto content = stat_.read()) read_load(*content, now, sample);
  }

 private:
  void read_load(std::string_view content, Instant now, Sample& sample) {
    const auto times = parse_cpu_times(content);
    if (!times) return;
    if (times_) {
      if (const auto share = busy_share(*times_, *times))
        sample.gauges.push_back({Gauge::CpuLoad, now, 100 * *share});
    }
    times_ = times;
  }

  std::vector<Domain> domains_;
  KeptFile meminfo_, stat_;
  std::optional<Instant> last_;
  std::optional<CpuTimes> times_;
};

}  // namespace

std::optional<double> used_memory_mb(std::string_view meminfo) {
  std::optional<double> total, available, free, buffers, cached;
  for (const std::string_view line : split(meminfo, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon), rest = trim(line.substr(colon + 1));
    const auto kib = parse_double(rest.substr(0, rest.find(' ')));
    if (key == "MemTotal") total = kib;
    if (key == "MemAvailable") available = kib;
    if (key == "MemFree") free = kib;
    if (key == "Buffers") buffers = kib;
    if (key == "Cached") cached = kib;
  }
  // Kernels before 3.14 do not tell what is available.
  if (!available && free) available = *free + buffers.value_or(0) + cached.value_or(0);
  if (!total || !available) return std::nullopt;
  return (*total - *available) / 1024;
}

std::optional<double> total_memory_mb(std::string_view meminfo) {
  for (const std::string_view line : split(meminfo, '\n')) {
    if (!line.starts_with("MemTotal:")) continue;
    const std::string_view rest = trim(line.substr(line.find(':') + 1));
    const auto kib = parse_double(rest.substr(0, rest.find(' ')));
    return kib ? std::optional(*kib / 1024) : std::nullopt;
  }
  return std::nullopt;
}

std::unique_ptr<Collector> make_host(const CollectorOptions& options) {
  if (!read_small(options.root + "/proc/meminfo") && !read_small(options.root + "/proc/stat")) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("neither {0}/proc/meminfo nor {0}/proc/stat can be read", options.root),
                "mount /proc");
  }
  return std::make_unique<Host>(options.root);
}

}  // namespace ipw::telemetry
