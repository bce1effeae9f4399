// SPDX-License-Identifier: Apache-2.0
// A simulated machine: the true power of its devices, and what its sensors show of it. It lies in a file that
// ipw-sim, the stub vendor libraries and tests map into memory, so that all of them see one truth. This
// header uses nothing of ipw: the stub libraries are built from it alone.
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <new>
#include <numbers>
#include <string>

namespace ipw::sim {

/// A piece of the standing signal: watts + swing_watts * sin(2 pi swing_hz t), t from the begin of the piece.
struct Piece {
  double seconds = 1, watts = 0, swing_watts = 0, swing_hz = 0;
};

/// From `at_ns` on the load adds `watts`; it had added `joules` by then.
struct LoadStep {
  std::int64_t at_ns = 0;
  double watts = 0, joules = 0;
};

enum class Fault : std::uint32_t {
  None,
  Error,      ///< each call or read fails with the code in `value`
  Hang,       ///< each call blocks until the end of the fault
  Crash,      ///< a call raises SIGSEGV
  Frozen,     ///< the counter and the power stop moving
  Garbage,    ///< `value` is shown instead of the power and of the counter
  Reset,      ///< the counter has started again from 0 at the begin of the fault
  Backwards,  ///< the counter shows `value` steps less than it did
  Vanished,   ///< the device is not listed
  Scaled,     ///< counter increments are `value` times the truth
  Driver      ///< of the first device: the library cannot be initialised, with the code in `value`
};

/// A fault between two instants of CLOCK_MONOTONIC.
struct FaultPlan {
  Fault fault = Fault::None;
  std::int64_t from_ns = 0, until_ns = 0;
  double value = 0;
};

/// What a vendor library does not offer for a device; each is answered with the library's own "not
/// supported".
enum Refusal : std::uint32_t {
  kNoEnergy = 1,         ///< the plain energy counter
  kNoScopedEnergy = 2,   ///< ... and the one that takes a scope
  kNoInstantPower = 4,   ///< power without averaging
  kNoAveragePower = 8,   ///< power averaged over a second
  kNoPower = 16,         ///< the plain power call
  kNoGpuScope = 32,      ///< of a module: the device alone
  kNoMemory = 64,        ///< unified memory
  kNoNewMemory = 128,    ///< the second version of the memory call
  kNoUtilization = 256,  ///< refused for partitioned devices
  kNoActivity = 512,     ///< activity of partitions
  kNoSamples = 1024,     ///< the driver's ring of samples
  kNoTemperature = 2048,
  kNoMemoryTemperature = 4096,
  kNoClocks = 8192,
  kNoThrottle = 16384,
  kNoLimit = 32768,
  kShowsZero = 65536  ///< energy and power are 0, as on the second die of a board
};

/// A hardware partition of a device: its share of the slices and how busy it is.
struct Part {
  std::uint32_t slices = 1, of_slices = 7;
  double activity = 0;  ///< 0 to 1
  double memory_used_mb = 512, memory_total_mb = 9728;
};

struct Device {
  static constexpr std::size_t kPieces = 32, kSteps = 16384, kFaults = 8, kParts = 7;
  char name[64] = "";    ///< "NVIDIA Simulated 80GB"
  char uuid[64] = "";    ///< also a PCI address, as the vendor has it
  char vendor[16] = "";  ///< nvidia, amd, gaudi, cpu
  // Truth: a standing signal, repeated for ever, and on top of it what the load adds.
  std::uint32_t pieces = 0;
  Piece piece[kPieces];
  std::atomic<std::uint64_t> steps{0};  ///< how many there have been; the last kSteps are kept
  LoadStep step[kSteps];
  // Sensor.
  double update_seconds = 0.1;   ///< T: it takes a new value this often ...
  double averaging_seconds = 0;  ///< W: ... and its power is the mean over this long; 0: of the instant
  double phase_seconds = 0;      ///< when within T
  double gain = 1, offset_watts = 0, noise_watts = 0;
  double step_joules = 1e-3;    ///< the counter shows multiples of this
  double start_joules = 0;      ///< what the counter showed at the epoch
  double wrap_joules = 0;       ///< 0: never
  std::int64_t latency_ns = 0;  ///< each read takes this long
  double temperature_celsius = 45, memory_used_mb = 1024, memory_total_mb = 81920, utilization_pct = 0;
  double power_limit_watts = 700;
  std::uint32_t throttle = 0;  ///< in the vendor's own bits
  FaultPlan fault[kFaults];
  std::atomic<std::uint64_t> reads{0};   ///< the call log: how often it was read ...
  std::atomic<std::int64_t> busy_ns{0};  ///< ... and how long that took
  // What the library offers and what the board is like.
  std::atomic<std::uint32_t> refused{0};  ///< bits of Refusal
  bool realistic_costs = false;           ///< calls take what they take on a real board, not latency_ns
  std::uint32_t process = 0;              ///< id of the process that uses it, 0 for none
  std::uint32_t generation = 9;           ///< the vendor's number of the architecture (NVIDIA: 9 is Hopper)
  double average_seconds = 1;             ///< window of the sensor that gives averages
  double module_watts = 0;                ///< above 0: on a module that draws this much besides
  std::uint32_t module_shown = 0;  ///< 1: also by the plain counter and power; 2: also as the device's own
  char bus[16] = "";               ///< PCI address, "0000:17:00.0"
  std::uint32_t parts = 0;         ///< hardware partitions (MIG instances)
  Part part[kParts];
};

struct World {
  static constexpr std::uint64_t kMagic = 0x6970772d73696d31;  // "ipw-sim1"
  static constexpr std::size_t kDevices = 16;
  std::uint64_t magic = kMagic;
  std::int64_t epoch_ns = 0;             ///< CLOCK_MONOTONIC when the signals began
  std::atomic<std::int64_t> now_ns{-1};  ///< a clock set by hand, for tests; -1: CLOCK_MONOTONIC
  std::atomic<std::uint32_t> devices{0};
  Device device[kDevices];
  std::atomic<std::uint64_t> stale_handles{
      0};  ///< uses of a handle from before the library was initialised again
  std::uint32_t amd_smi_major = 26;    ///< version that libamd_smi tells, and whose structs it fills
  double amd_unit_microjoules = 15.3;  ///< resolution that the AMD libraries tell; in truth 2^-16 J
};

inline std::int64_t now_ns(const World& world) {
  if (const auto set = world.now_ns.load(); set >= 0) return set;
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

namespace detail {

inline double piece_joules(const Piece& p, double seconds) {
  if (p.swing_hz <= 0) return p.watts * seconds;
  const double omega = 2 * std::numbers::pi * p.swing_hz;
  return p.watts * seconds + p.swing_watts / omega * (1 - std::cos(omega * seconds));
}

inline double standing_joules(const Device& d, double seconds) {
  double cycle = 0, whole = 0;
  for (std::uint32_t i = 0; i < d.pieces; ++i) {
    cycle += d.piece[i].seconds;
    whole += piece_joules(d.piece[i], d.piece[i].seconds);
  }
  if (cycle <= 0) return 0;
  const double cycles = std::floor(seconds / cycle);
  double joules = cycles * whole, left = seconds - cycles * cycle;
  for (std::uint32_t i = 0; i < d.pieces && left > 0; ++i) {
    joules += piece_joules(d.piece[i], std::min(left, d.piece[i].seconds));
    left -= d.piece[i].seconds;
  }
  return joules;
}

inline const LoadStep* step_before(const Device& d, std::int64_t at_ns) {
  const std::uint64_t count = d.steps.load(std::memory_order_acquire);
  std::uint64_t low = count > Device::kSteps ? count - Device::kSteps : 0, high = count;
  const std::uint64_t first = low;
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    if (d.step[middle % Device::kSteps].at_ns <= at_ns)
      low = middle + 1;
    else
      high = middle;
  }
  return low == first ? nullptr : &d.step[(low - 1) % Device::kSteps];
}

inline double load_joules(const Device& d, std::int64_t at_ns) {
  const LoadStep* s = step_before(d, at_ns);
  return s ? s->joules + s->watts * static_cast<double>(at_ns - s->at_ns) * 1e-9 : 0;
}

/// Uniform in [-1, 1], the same for the same sensor value.
inline double noise(std::uint64_t key) {
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ULL;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<double>((key ^ (key >> 31)) >> 11) * 0x1p-52 - 1;
}

}  // namespace detail

/// The energy that a device has truly used from the epoch to an instant, in joules.
inline double true_joules(const World& world, const Device& d, std::int64_t at_ns) {
  const double seconds = static_cast<double>(at_ns - world.epoch_ns) * 1e-9;
  return detail::standing_joules(d, std::max(0.0, seconds)) + detail::load_joules(d, at_ns);
}

/// Its true power, as the mean over the microsecond before.
inline double true_watts(const World& world, const Device& d, std::int64_t at_ns) {
  return (true_joules(world, d, at_ns) - true_joules(world, d, at_ns - 1000)) * 1e6;
}

/// Let the load add `watts` from an instant on. One writer; instants in order.
inline void set_load(Device& d, std::int64_t at_ns, double watts) {
  const std::uint64_t count = d.steps.load(std::memory_order_relaxed);
  d.step[count % Device::kSteps] = {at_ns, watts, detail::load_joules(d, at_ns)};
  d.steps.store(count + 1, std::memory_order_release);
}

/// The fault of a kind that is active, or null.
inline const FaultPlan* active(const Device& d, Fault kind, std::int64_t at_ns) {
  for (const FaultPlan& plan : d.fault) {
    if (plan.fault == kind && plan.from_ns <= at_ns && at_ns < plan.until_ns) return &plan;
  }
  return nullptr;
}

/// When the value that the sensor shows now was taken.
inline std::int64_t taken_ns(const World& world, const Device& d, std::int64_t at_ns) {
  if (const auto* frozen = active(d, Fault::Frozen, at_ns)) at_ns = frozen->from_ns;
  if (d.update_seconds <= 0) return at_ns;
  const double since = static_cast<double>(at_ns - world.epoch_ns) * 1e-9 - d.phase_seconds;
  const double taken = std::floor(since / d.update_seconds) * d.update_seconds + d.phase_seconds;
  return world.epoch_ns + std::max<std::int64_t>(0, std::llround(taken * 1e9));
}

/// What the counter shows, in joules.
inline double shown_joules(const World& world, const Device& d, std::int64_t at_ns) {
  if (const auto* garbage = active(d, Fault::Garbage, at_ns)) return garbage->value;
  const std::int64_t taken = taken_ns(world, d, at_ns);
  const double seconds = static_cast<double>(taken - world.epoch_ns) * 1e-9;
  double joules = d.start_joules + d.gain * true_joules(world, d, taken) + d.offset_watts * seconds;
  if (const auto* scaled = active(d, Fault::Scaled, at_ns)) {
    const double before = true_joules(world, d, std::max(scaled->from_ns, world.epoch_ns));
    joules += (scaled->value - 1) * d.gain * (true_joules(world, d, taken) - before);
  }
  if (const auto* reset = active(d, Fault::Reset, at_ns)) {
    joules = d.gain *
             (true_joules(world, d, std::max(taken, reset->from_ns)) - true_joules(world, d, reset->from_ns));
  }
  if (d.step_joules > 0) joules = std::floor(joules / d.step_joules) * d.step_joules;
  if (const auto* back = active(d, Fault::Backwards, at_ns)) joules -= back->value * d.step_joules;
  return d.wrap_joules > 0 ? std::fmod(joules, d.wrap_joules) : joules;
}

/// What the power sensor shows, in watts.
inline double shown_watts(const World& world, const Device& d, std::int64_t at_ns) {
  if (const auto* garbage = active(d, Fault::Garbage, at_ns)) return garbage->value;
  const std::int64_t taken = taken_ns(world, d, at_ns);
  const auto window = std::max<std::int64_t>(1000, std::llround(d.averaging_seconds * 1e9));
  const double mean = (true_joules(world, d, taken) - true_joules(world, d, taken - window)) * 1e9 /
                      static_cast<double>(window);
  return d.gain * mean + d.offset_watts + d.noise_watts * detail::noise(static_cast<std::uint64_t>(taken));
}

/// A world in a file of its own. Throws nothing: a failure leaves it empty.
class MappedWorld {
 public:
  /// Map the world of a file; `create` makes a new one of the right size.
  explicit MappedWorld(const std::string& path, bool create = false) {
    const int fd =
        ::open(path.c_str(), create ? O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) return;
    struct stat info {};
    const bool sized = create ? ::ftruncate(fd, sizeof(World)) == 0
                              : ::fstat(fd, &info) == 0 && info.st_size == static_cast<off_t>(sizeof(World));
    if (sized) {
      void* memory = ::mmap(nullptr, sizeof(World), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (memory != MAP_FAILED) world_ = create ? new (memory) World : static_cast<World*>(memory);
    }
    ::close(fd);
    if (world_ && world_->magic != World::kMagic) unmap();
  }
  ~MappedWorld() { unmap(); }
  MappedWorld(const MappedWorld&) = delete;
  MappedWorld& operator=(const MappedWorld&) = delete;

  explicit operator bool() const { return world_ != nullptr; }
  World& operator*() const { return *world_; }
  World* operator->() const { return world_; }

 private:
  void unmap() {
    if (world_) ::munmap(world_, sizeof(World));
    world_ = nullptr;
  }
  World* world_ = nullptr;
};

/// Where the world of a simulated machine lies below its root. A stub library at ROOT/usr/lib/NAME.so finds
/// it by its own path (dladdr).
inline std::string world_file(const std::string& root) {
  return root + "/world";
}

}  // namespace ipw::sim
