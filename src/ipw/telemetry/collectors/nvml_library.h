// SPDX-License-Identifier: Apache-2.0
// NVIDIA's management library, opened at run time: each function that it lacks is a null pointer.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/base/library.h"
#include "ipw/telemetry/collectors/nvml_api.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry::nvml {

/// The functions, each by its newest name that is there. All but the first four may be null.
struct Functions {
  int (*init)();
  int (*shutdown)();
  int (*device_count)(unsigned* count);
  int (*device_by_index)(unsigned index, Device* device);

  int (*driver_version)(char* text, unsigned length);
  int (*name)(Device, char* text, unsigned length);
  int (*uuid)(Device, char* text, unsigned length);
  int (*pci_info)(Device, PciInfo*);
  int (*architecture)(Device, unsigned*);
  int (*total_energy)(Device, unsigned long long* millijoules);
  int (*power_usage)(Device, unsigned* milliwatts);
  int (*field_values)(Device, int count, FieldValue*);
  int (*samples)(Device, int type, unsigned long long last_seen_us, int* value_type, unsigned* count,
                 RingSample*);
  int (*memory_v2)(Device, MemoryV2*);
  int (*memory)(Device, Memory*);
  int (*utilization)(Device, Utilization*);
  int (*temperature_v)(Device, Temperature*);
  int (*temperature)(Device, int sensor, unsigned* celsius);
  int (*clock)(Device, int which, unsigned* mhz);
  int (*clock_reasons)(Device, unsigned long long* bits);
  int (*power_limit)(Device, unsigned* milliwatts);
  int (*compute_processes)(Device, unsigned* count, ProcessInfo*);
  int (*graphics_processes)(Device, unsigned* count, ProcessInfo*);
  int (*mig_mode)(Device, unsigned* current, unsigned* pending);
  int (*max_instances)(Device, unsigned* count);
  int (*instance)(Device, unsigned index, Device* instance);
  int (*instance_id)(Device, unsigned* id);
  int (*attributes)(Device, Attributes*);
  int (*activity_alloc)(ActivitySample*);
  int (*activity_free)(ActivitySample);
  int (*activity_sample)(Device, unsigned instance_id, ActivitySample);
  int (*activity_metrics)(ActivityRequest*);
};

/// Why a call has no value, for people, and what to do about it.
struct Trouble {
  Cause cause = Cause::Unreadable;
  std::string reason, remedy;
};
/// Put a status into words; `what` is the function or the device.
Trouble explain(int status, const std::string& what);

/// How far a failed call reaches.
enum class Reach {
  Nothing,  ///< it did not fail
  Moment,   ///< this value, this time
  Metric,   ///< this metric is not offered, or not to us
  Gpu,      ///< the device is gone, until the library is initialised again
  Driver    ///< no device answers, until the library is initialised again
};
Reach reach(int status);

/// The open library. Not thread-safe; one per collector.
class Nvml {
 public:
  /// The error names each place that was tried, or the function without which nothing can be done.
  static Result<std::unique_ptr<Nvml>, Trouble> open(const std::string& root);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// Initialise, or again: all handles from before are void. Gives a Status.
  int restart();
  const Functions& call() const { return functions_; }
  const std::string& path() const { return library_.path(); }
  /// Empty when it does not tell.
  std::string driver_version() const;

 private:
  explicit Nvml(Library library) : library_(std::move(library)) {}
  bool bind_all();

  Library library_;
  Functions functions_{};
  bool initialised_ = false;
};

/// Read a text such as a name; empty when there is none.
std::string text_of(int (*get)(Device, char*, unsigned), Device device);

}  // namespace ipw::telemetry::nvml
