// SPDX-License-Identifier: Apache-2.0
// Between the messages of proto/energy.proto and our values. The original's -1 is written and read here and
// nowhere else.
#pragma once
#include "energy.pb.h"
#include "ipw/rpc/transport.h"

namespace ipw::rpc {

/// Absent, NaN and infinite become -1.
energy::TelemetryReading to_wire(const OriginalReading& reading);
/// Negative, NaN and infinite become absent (defect M22).
OriginalReading from_wire(const energy::TelemetryReading& message);

energy::DescribeResponse to_wire(const Description& description);
/// Numbers that no domain can have become absent or the default.
Description from_wire(const energy::DescribeResponse& message);

energy::WindowResponse to_wire(const WindowAnswer& answer);
/// Values that are not finite are dropped; an unknown verdict is LowConfidence.
WindowAnswer from_wire(const energy::WindowResponse& message);

energy::MonitorSample to_wire(const telemetry::Sample& sample, std::uint64_t dropped);
/// Values that are not finite are dropped; indices of domains are not checked.
telemetry::Sample from_wire(const energy::MonitorSample& message);

std::int64_t to_nanos(Instant t);
/// What is farther than kFarthest from zero becomes kFarthest.
Instant from_nanos(std::int64_t ns);

}  // namespace ipw::rpc
