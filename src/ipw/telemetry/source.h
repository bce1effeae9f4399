// SPDX-License-Identifier: Apache-2.0
// Energy and gauges of one machine or several, as a run sees them: windows on cumulative domains.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/records/query_record.h"
#include "ipw/records/run_folder.h"

namespace ipw::telemetry {

/// An instance is a partition of an accelerator (MIG): in its parent's energy, and in no sum of accelerators.
enum class Scope { Accelerator, Package, Core, Uncore, Dram, Psys, Module, Wall, Host, Instance };
enum class Method { Counter, Integrated, Modelled, Simulated };
std::string_view to_string(Scope scope);
std::string_view to_string(Method method);

/// A place where energy is counted. Domains form a tree; no two levels are ever summed.
struct Domain {
  std::string
      name;  ///< unique: "package-0", "package-0/dram", "gpu-0", with "node/" in front for several machines
  Scope scope = Scope::Host;
  std::string parent;  ///< name of the domain that contains this one, empty for a root
  Method method = Method::Counter;
  std::string collector;
  std::optional<double> wrap_joules;  ///< the counter starts again here; absent: 64 bit
  double cap_watts = 1500;            ///< the most it can plausibly draw (P_cap, telemetry.md 3.3)
  double update_seconds = 0;          ///< T: the sensor's own update period where it is known, else 0
  double averaging_seconds = 0;       ///< W: the window its power is a mean over where it is known, else 0
  double step_joules = 0;             ///< resolution of its counter where it is known, else 0
  double relative_half_width =
      0;               ///< 95 %, systematic (gain); from the sensor's data sheet or the model's spread
  std::string note;    ///< what the user must know, e.g. "MODELLED from CPU load"
  std::string device;  ///< id and name of the device, e.g. "GPU-5a3c..., NVIDIA H100 80GB HBM3"; may be empty
  /// Name of the domain that measures the same thing better. Such a domain is for comparison alone: it is in
  /// no sum and no headline.
  std::string alternative_to;
};

/// The domains of a source at one moment, in the order of their indices; it can grow at its end while a run
/// goes on, so this is a snapshot. Cheap to copy.
class DomainList {
 public:
  DomainList() : DomainList(std::vector<Domain>{}) {}
  DomainList(std::vector<Domain> domains)  // NOLINT(google-explicit-constructor): a list is a list
      : domains_(std::make_shared<const std::vector<Domain>>(std::move(domains))) {}
  operator const std::vector<Domain>&() const& { return *domains_; }  // NOLINT(google-explicit-constructor)
  auto begin() const { return domains_->begin(); }
  auto end() const { return domains_->end(); }
  std::size_t size() const { return domains_->size(); }
  bool empty() const { return domains_->empty(); }
  const Domain& operator[](std::size_t i) const { return (*domains_)[i]; }
  const Domain& at(std::size_t i) const { return domains_->at(i); }

 private:
  std::shared_ptr<const std::vector<Domain>> domains_;
};

/// One sensor value. `mid` ± `half_width` brackets the moment of the read on the monotonic clock.
struct Reading {
  std::uint32_t domain = 0;  ///< index into the domains of its source
  Instant mid{};
  Nanoseconds half_width{0};
  std::optional<double> energy_joules;  ///< raw cumulative counter value, unwrapped by nobody yet
  std::optional<double> power_watts;    ///< where the sensor gives power only, or besides
};

enum class Gauge {
  Temperature,
  CpuMemoryMb,
  GpuMemoryMb,
  GpuMemoryTotalMb,
  CpuLoad,
  GpuUtilization,
  GpuMemoryBandwidth,  ///< share of time in which the memory controller is busy
  MemoryTemperature,
  PowerLimit,
  CoreClock,
  MemoryClock,
  Throttle  ///< sum of the bits of ThrottleReason
};
/// Why a device runs slower than it could; a throttled run cannot be compared.
enum ThrottleReason : unsigned {
  kThrottlePowerCap = 1,
  kThrottleThermal = 2,
  kThrottleHardware = 4,  ///< slow-down or power brake signalled by the board
  kThrottleSync = 8       ///< held to the clock of other devices
};
struct GaugeReading {
  static constexpr std::uint32_t kMachine = UINT32_MAX;
  Gauge gauge = Gauge::CpuLoad;
  Instant mid{};
  double value = 0;                 ///< °C, MiB, percent, W, MHz
  std::uint32_t domain = kMachine;  ///< the domain of the device, or the machine as a whole
  bool operator==(const GaugeReading&) const = default;
};

/// Why a domain has no value.
enum class Cause {
  Unreadable,   ///< the read failed: file, errno or the library's own code
  Denied,       ///< no permission
  NotFound,     ///< gone, or never there
  Unsupported,  ///< the device or driver does not offer it
  Nonsense,     ///< what was read is no value: letters, NaN, a mark for "absent"
  Stale,        ///< the read has not returned: the library or the device hangs
  Stuck,        ///< the value does not move although there is load
  Lost,         ///< the device or the driver has gone, and is looked for again
  Unreachable,  ///< the monitor, meter or controller does not answer
  Ended         ///< a recording has come to its end
};
struct Silence {
  std::uint32_t domain = 0;
  std::string reason;  ///< for people: what, where, what to do
  Cause cause = Cause::Unreadable;
  bool operator==(const Silence&) const = default;
};

/// What one tick brought. Absent domains have a line in `silent` with the reason.
struct Sample {
  std::uint64_t sequence = 0;
  Instant tick{};  ///< threads tick at the same instants, so the samples of one tick have the same
  std::vector<Reading> readings;
  std::vector<GaugeReading> gauges;
  std::vector<Silence> silent;
  std::uint32_t thread = 0;  ///< who took it; the ticks of one thread ascend
};

/// Energies and gauges of one window; every domain of the source has an entry, with a reason where there is
/// no value.
struct WindowReport {
  std::vector<records::DomainEnergy> energies;
  std::optional<records::Stats> gpu_power_watts, cpu_power_watts, temperature_celsius, cpu_memory_mb,
      gpu_memory_mb;
  std::optional<double> gpu_utilization_pct, gpu_memory_bandwidth_pct, gpu_memory_total_mb;
  std::vector<records::DeviceGauge> devices;  ///< the same and more for each device by itself
};

/// The instrument's report on itself.
struct SelfReport {
  std::uint64_t ticks = 0, missed_ticks = 0, dropped_samples = 0;
  double period_seconds = 0, achieved_hz = 0;
  double lateness_p50_seconds = 0, lateness_p99_seconds = 0, lateness_p999_seconds = 0,
         lateness_max_seconds = 0;
  double cpu_seconds = 0;  ///< of the sampling threads and helper processes
  double wall_seconds = 0;
  std::vector<std::string> problems;  ///< gaps, resets, silent sensors: domain, cause
};

/// What `ipw doctor` prints: one line per sensor that was looked for.
struct SensorStatus {
  std::string sensor;  ///< "RAPL package-0", "host memory"
  bool present = false;
  std::string detail;  ///< value and resolution when present, else the cause (file, errno)
  std::string remedy;  ///< what to do, empty when nothing can be done
  /// What was recognised, for programs: "rapl.masked"; the list is in docs/reference/doctor.md.
  std::string situation;
};

/// A running set of sensors, in this process or in a monitor. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  /// The domains so far. An index stays what it is.
  virtual DomainList domains() const = 0;
  virtual const records::MachineInfo& machine() const = 0;
  /// Tell whether readings after this instant have arrived from every living domain, so that a window ending
  /// here is final.
  virtual bool settled(Instant end) const = 0;
  /// Energy and gauges between two instants; works for any window of the run, in bounded memory.
  virtual WindowReport window(Instant begin, Instant end) const = 0;
  virtual SelfReport self() const = 0;
  virtual std::string description() const = 0;  ///< "in-process, 50 ms", "monitor at 127.0.0.1:50053"
  /// Hand every sample to a sink from the sampling thread (recording). Set it before the run.
  virtual void tap(std::function<void(const Sample&)> sink) = 0;
};

struct GainFit {
  double gain = 1;        ///< what a joule of the sensor is in joules of the reference
  double half_width = 0;  ///< 95 %, of the gain
  double offset_watts = 0, offset_half_width_watts = 0;  ///< reference - gain * sensor, mean over the phases
  double swing_watts = 0;                                ///< mean change of the reference from phase to phase
  std::size_t steps = 0;
  double nonlinearity = 0;  ///< relative difference between the gain of small and of large steps
};

/// One calibrated domain; files of them: calibration.h.
struct Calibration {
  std::string domain;  ///< its name
  std::string device;  ///< its device where it told one: the file of another board is not applied
  GainFit fit;
  bool offset_is_known =
      false;              ///< the reference measured this domain alone, so the offset is the sensor's own
  std::string reference;  ///< "shelly:192.0.2.10"
  std::string date;       ///< of the measurement, UTC
};

struct SourceOptions {
  Nanoseconds period = std::chrono::milliseconds(50);
  std::string sysfs_root;  ///< prefix of /sys and /proc; empty is the machine itself
  std::vector<std::string>
      collectors;  ///< rows of the registry with optional ":ARGUMENT"; empty is all that find something
  /// The program, and its first arguments, that runs vendor code in a process of its own: those of helper.h
  /// go behind them. Empty: everything runs in this process.
  std::vector<std::string> helper;
  bool realtime = false;                       ///< sampling threads at SCHED_FIFO, where that is allowed
  std::optional<std::string> visible_devices;  ///< CUDA_VISIBLE_DEVICES, where it is set
  bool alternatives = false;                   ///< also the worse sources of a quantity, for comparison
  std::vector<Calibration> calibrations;       ///< applied to the domains that they name
};

/// Start sampling in this process. Throws Error(Usage) for an unknown collector, Error(Unavailable) when a
/// collector that was named cannot run.
std::unique_ptr<Source> open_local(const SourceOptions& options, Clock& clock);

/// Look for every sensor, or those of some collectors, and say what is there, what is not and why. Throws
/// Error(Usage) for an unknown collector.
std::vector<SensorStatus> diagnose(const SourceOptions& options, Clock& clock);

}  // namespace ipw::telemetry
