// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/sensor_options.h"

namespace ipw::cli {

execution::ProfileConfig sensor_config(const Values& values) {
  constexpr double kShortestPeriod = 0.001;
  execution::ProfileConfig config;
  config.monitor = values.text("--monitor").value_or("auto");
  config.collectors = values.list("--collector");
  config.sysfs_root = values.text("--sysfs-root").value_or("");
  config.sampling_period_seconds =
      values.number("--sampling-period", kShortestPeriod).value_or(config.sampling_period_seconds);
  return config;
}

}  // namespace ipw::cli
