// SPDX-License-Identifier: Apache-2.0
// A collector finds the sensors of one kind and reads them at every tick.
#pragma once
#include <string>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// Found at construction, polled by one thread. To add one: a file in collectors/, a row in collectors.cpp, a
/// test, a page.
class Collector {
 public:
  virtual ~Collector() = default;
  /// The energy domains. May be empty (gauges only). A device that appears later is appended by a poll; none
  /// ever goes or moves: a device that is lost is silent.
  virtual const std::vector<Domain>& domains() const = 0;
  /// Append readings to the sample; domain indices, those of gauges included, count from 0 in domains(). A
  /// domain that cannot be read gets a line in `silent`. What is thrown makes all domains of this collector
  /// silent for this tick.
  virtual void poll(Clock& clock, Sample& sample) = 0;
  /// Add what is known of the machine's devices: name, vendor, count, driver. Called once, before the first
  /// poll.
  virtual void describe(records::MachineInfo&) const {}
};

struct CollectorOptions {
  std::string root;      ///< prefix of /sys, /proc, /dev, /etc and, for vendor libraries, /usr/lib
  std::string argument;  ///< what stood after the colon
  /// CUDA_VISIBLE_DEVICES as the program found it; an argument goes before it.
  std::optional<std::string> visible_devices;
  bool alternatives = false;  ///< also the worse sources of a quantity, for comparison
  bool named = false;         ///< asked for by name: fail rather than wait for a driver
};

}  // namespace ipw::telemetry
