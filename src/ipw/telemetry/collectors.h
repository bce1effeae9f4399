// SPDX-License-Identifier: Apache-2.0
// The list of collectors.
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "ipw/telemetry/collector.h"

namespace ipw::telemetry {

inline constexpr std::string_view kMeterThread = "meter";

struct CollectorRow {
  enum class Use {
    Always,          ///< tried on every machine
    WithoutPackage,  ///< only where no CPU package could be read
    Named            ///< only when asked for
  };
  std::string_view name;
  std::string_view summary;
  Use use;
  /// Throws Error(Unavailable) with the cause when there is nothing to read.
  std::unique_ptr<Collector> (*make)(const CollectorOptions&);
  /// The thread that polls it. Files share one; a vendor library, which may hang, has its own, and so has
  /// each meter (kMeterThread), however many of a kind there are.
  std::string_view thread = "files";
  /// It is not polled more often than this.
  Nanoseconds least_period{0};
  /// It runs code of a vendor, which may crash: in a process of its own where SourceOptions::helper is set.
  bool vendor_code = false;
};

/// All collectors, sorted by name.
std::span<const CollectorRow> collectors();

std::unique_ptr<Collector> make_gaudi(const CollectorOptions& options);
std::unique_ptr<Collector> make_exec(const CollectorOptions& options);
std::unique_ptr<Collector> make_ipmi(const CollectorOptions& options);
std::unique_ptr<Collector> make_redfish(const CollectorOptions& options);
std::unique_ptr<Collector> make_shelly(const CollectorOptions& options);
std::unique_ptr<Collector> make_tasmota(const CollectorOptions& options);
std::unique_ptr<Collector> make_amd(const CollectorOptions& options);
std::unique_ptr<Collector> make_apple(const CollectorOptions& options);
std::unique_ptr<Collector> make_host(const CollectorOptions& options);
std::unique_ptr<Collector> make_hwmon(const CollectorOptions& options);
std::unique_ptr<Collector> make_modelled(const CollectorOptions& options);
std::unique_ptr<Collector> make_nvml(const CollectorOptions& options);
std::unique_ptr<Collector> make_rapl(const CollectorOptions& options);
std::unique_ptr<Collector> make_replay(const CollectorOptions& options);
std::unique_ptr<Collector> make_simulated(const CollectorOptions& options);

// What `ipw doctor` says of the devices of one vendor below a root: each one, or why there is none and what
// to do.
std::vector<SensorStatus> diagnose_gaudi(const std::string& root);
std::vector<SensorStatus> diagnose_nvml(const std::string& root);

}  // namespace ipw::telemetry
