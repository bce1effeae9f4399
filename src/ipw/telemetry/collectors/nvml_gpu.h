// SPDX-License-Identifier: Apache-2.0
// One NVIDIA GPU: its domains and what each poll reads.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/telemetry/collector.h"
#include "ipw/telemetry/collectors/nvml_gauges.h"
#include "ipw/telemetry/collectors/nvml_instances.h"
#include "ipw/telemetry/collectors/nvml_samples.h"
#include "ipw/telemetry/collectors/nvml_sources.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/visible_devices.h"

namespace ipw::telemetry::nvml {

/// A GPU through losses and returns: it is known by its id, its handle is good for one initialisation of the
/// library. One thread at a time.
class Gpu {
 public:
  Gpu(DeviceIdentity identity, const std::string& root);

  const DeviceIdentity& identity() const { return identity_; }
  bool attached() const { return handle_ != nullptr; }
  /// Take the handle of a fresh initialisation. The first time it finds out what the device offers. `call` is
  /// used until detach().
  void attach(const Functions& call, Device handle);
  /// Forget the handle: the device is silent with this reason.
  void detach(Trouble why);
  /// Append the domains of the device; once, after the first attach(). `alternatives`: also worse sources of
  /// the same.
  void add_domains(const std::string& number, bool alternatives, std::vector<Domain>& domains);

  /// Read what is due. Gives how far a failure reaches; the caller then detaches this device or all.
  Reach poll(Clock& clock, Sample& sample);

  const Sources& sources() const { return sources_; }
  /// Ask for every metric once; those that are not there, with the reason: "memory temperature: not
  /// supported".
  std::vector<std::string> probe_missing();
  const std::optional<Trouble>& trouble() const { return trouble_; }
  /// Whether the kernel has put the device to sleep: reading it would wake it.
  bool suspended();

 private:
  /// What one poll reads; what has no value is absent.
  struct Values {
    std::optional<double> joules, watts, module_joules, module_watts, average_watts, memory_celsius;
    Bracket energy_read, power_read;
    int status = kOk;  ///< of the primary quantity
  };
  void attach_instances();
  double cap() const;
  Domain base_domain(const std::string& name) const;
  void add_instances(const Domain& gpu, std::vector<Domain>& domains);
  void add_alternatives(const Domain& gpu, std::vector<Domain>& domains);
  Values read(Clock& clock, bool slow);
  void read_fields(Clock& clock, bool slow, Values& out);
  std::optional<Reading> primary(const Values& values) const;
  void emit(const Values& values, bool slow, Sample& sample);
  void share(const Reading& reading, bool slow, Sample& sample);
  void silence(Sample& sample, const Trouble& why) const;

  DeviceIdentity identity_;
  std::string root_;
  const Functions* call_ = nullptr;
  Device handle_ = nullptr;
  std::optional<Trouble> trouble_;
  std::optional<KeptFile> runtime_status_;

  Sources sources_;
  double cap_watts_ = 0;
  bool domains_made_ = false;
  std::uint32_t first_ = 0, count_ = 0;  ///< its domains
  std::optional<std::uint32_t> module_, instant_, average_, samples_, instances_at_;

  std::optional<Gauges> gauges_;
  std::optional<Instant> last_slow_, last_seldom_;
  DriverClock driver_clock_;
  std::optional<PowerSamples> power_samples_;

  std::vector<Instance> instances_;
  std::unique_ptr<InstanceActivity> activity_;
  std::optional<InstanceSplit> split_;
  std::optional<Reading> shared_;  ///< up to here the instances have got their shares
  std::optional<Reading> before_;
  double integrated_ = 0;
};

}  // namespace ipw::telemetry::nvml
