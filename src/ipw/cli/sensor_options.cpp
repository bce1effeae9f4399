// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/sensor_options.h"

#include "ipw/base/text.h"

namespace ipw::cli {

execution::ProfileConfig sensor_config(const Values& values) {
  constexpr double kShortestPeriod = 0.001;
  execution::ProfileConfig config;
  config.monitor = values.has("--monitor") ? join(values.list("--monitor"), ",") : "auto";
  config.monitor_token_file = values.text("--monitor-token").value_or("");
  config.collectors = values.list("--collector");
  config.sysfs_root = values.text("--sysfs-root").value_or("");
  config.calibration = values.text("--calibration").value_or(config.calibration);
  config.sampling_period_seconds =
      values.number("--sampling-period", kShortestPeriod).value_or(config.sampling_period_seconds);
  return config;
}

}  // namespace ipw::cli
