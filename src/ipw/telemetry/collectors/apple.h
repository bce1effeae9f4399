// SPDX-License-Identifier: Apache-2.0
// Apple SoCs: the tree of their domains, and the two ways to read it.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/collector.h"

namespace ipw::telemetry {

/// The rails of an Apple SoC. `soc` contains CPU, GPU and ANE, and is what a headline stands on; DRAM lies
/// beside it.
enum class AppleRail { Soc, Cpu, Gpu, Ane, Dram };
constexpr std::size_t kAppleRails = 5;

/// The domains in the order of AppleRail; DRAM only where it is measured.
std::vector<Domain> apple_domains(std::string_view way, double update_seconds, bool dram);

/// Energies of one interval, by rail.
using AppleEnergies = std::array<std::optional<double>, kAppleRails>;
/// Fill in the SoC as the sum of its three parts, where all of them are known.
void add_up(AppleEnergies& joules);

/// Where property lists come from: powermetrics, or a test.
class TextStream {
 public:
  virtual ~TextStream() = default;
  /// Append what has come, without waiting; false once the writer has ended.
  virtual bool read(std::string& into) = 0;
  /// Why it ended, for people.
  virtual std::string last_words() = 0;
};
/// Throws Error(NotFound) when there is nothing to start.
using StartStream = std::function<std::unique_ptr<TextStream>()>;

/// Read powermetrics from streams that `start` gives: anew, with back-off, after one has died or fallen
/// silent. The energy in between is a gap, never a repeated value.
std::unique_ptr<Collector> make_powermetrics(StartStream start);

/// Start powermetrics and wait for its first words. Throws Error(Unavailable) with its complaint when it does
/// not sample.
StartStream find_powermetrics(const CollectorOptions& options);

#ifdef __APPLE__
/// IOReport, which needs no privilege. Throws Error(Unavailable).
std::unique_ptr<Collector> make_ioreport();
#endif

/// What a channel of IOReport's group "Energy Model" counts: a rail as a whole, a part of one that is counted
/// within it, or nothing that is known here.
struct AppleChannel {
  std::optional<AppleRail> rail;
  bool part = false;
};
/// Known by prefix ("CPU Energy", "DIE_1_CPU Energy", "ANE0_0", "DRAM0"), since names differ from chip to
/// chip.
AppleChannel classify_channel(std::string_view name);
/// The unit of a channel in joules: "mJ", "uJ" (also with the Greek letter) or "nJ"; nothing for any other.
std::optional<double> channel_unit_joules(std::string_view label);

/// What `ipw doctor` says; nothing on machines that have no powermetrics.
std::vector<SensorStatus> diagnose_apple(const std::string& root);

}  // namespace ipw::telemetry
