// SPDX-License-Identifier: Apache-2.0
// The property lists that powermetrics writes: cut apart and understood.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/result.h"

namespace ipw::telemetry {

/// Cut a stream of property lists, which NULs separate, into documents, wherever the reads end. A document is
/// whole at its end tag: waiting for the NUL would wait for the next one. One thread at a time.
class PlistSplitter {
 public:
  /// Append what was read and return the documents that are whole now.
  std::vector<std::string> feed(std::string_view bytes);
  /// Forget what is not whole: its writer has died.
  void reset();
  /// How many pieces were dropped: cut off by a NUL, or longer than 4 MiB.
  std::uint64_t dropped() const { return dropped_; }
  std::size_t pending() const { return buffer_.size(); }

 private:
  void drop(std::size_t bytes);
  std::string buffer_;
  std::size_t searched_ = 0;  // there is no end tag before
  std::uint64_t dropped_ = 0;
};

/// One interval of powermetrics.
struct AppleInterval {
  double seconds = 0;  ///< as it lasted in truth (elapsed_ns), not as it was asked for
  std::optional<double> cpu_joules, gpu_joules, ane_joules, dram_joules;
  std::optional<double> combined_joules;  ///< CPU + GPU + ANE, from combined_power
  std::optional<double> gpu_active_pct, gpu_clock_mhz;
  std::optional<bool> throttled;  ///< thermal pressure above "Nominal"
  std::string model;              ///< hw_model, "Mac14,6"
};

/// Understand one document. The error says which key is missing or wrong. Pure.
Result<AppleInterval, std::string> parse_powermetrics(std::string_view plist);

}  // namespace ipw::telemetry
