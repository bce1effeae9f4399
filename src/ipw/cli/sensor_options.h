// SPDX-License-Identifier: Apache-2.0
// The options that say which sensors are read, the same for every command that reads some.
#pragma once
#include "ipw/cli/command.h"

namespace ipw::cli {

inline constexpr Option kMonitorOption = {
    "--monitor",
    "ADDRESS",
    "auto",
    "auto uses a monitor that listens on port 50053, none samples in this process; repeat for several nodes.",
    Kind::List,
    "Sensors"};
inline constexpr Option kMonitorTokenOption = {
    "--monitor-token", "FILE",   "", "The token that the monitors want, in its first line.",
    Kind::Text,        "Sensors"};
inline constexpr Option kCollectorOption = {"--collector",
                                            "ID[:ARGS]",
                                            "all that find something",
                                            "Which sensors to read; `ipw doctor` shows what is there.",
                                            Kind::List,
                                            "Sensors"};
inline constexpr Option kSysfsRootOption = {
    "--sysfs-root", "DIR", "", "Read /sys and /proc below this folder.", Kind::Text, "Sensors"};
inline constexpr Option kSamplingPeriodOption = {"--sampling-period",          "SECONDS",  "0.05",
                                                 "Time between two readings.", Kind::Text, "Sensors"};

inline constexpr Option kCalibrationOption = {
    "--calibration",
    "FILE",
    "auto",
    "Gains found by `ipw calibrate`: auto takes those of this machine where there are some, none takes none.",
    Kind::Text,
    "Sensors"};

/// A configuration with the sensors that were asked for, everything else as it is by default.
execution::ProfileConfig sensor_config(const Values& values);

}  // namespace ipw::cli
