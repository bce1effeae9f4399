// SPDX-License-Identifier: Apache-2.0
// The raw readings of a run on disk, so that its energies can be computed again: telemetry.jsonl while it
// runs (a recording that `--collector replay:FILE` reads), telemetry.arrow when it is finished.
#pragma once
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "ipw/base/files.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Take every sample of a source. The sampling thread only formats a line; flush() writes. Each part of a
/// resumed run has its own file, since its monotonic clock may have begun anew.
class TelemetryLog {
 public:
  TelemetryLog(const std::filesystem::path& folder, telemetry::Source& source);
  ~TelemetryLog();
  TelemetryLog(const TelemetryLog&) = delete;
  TelemetryLog& operator=(const TelemetryLog&) = delete;
  void flush();
  /// Take no more, flush, and write telemetry.arrow from all parts.
  void close();

 private:
  std::filesystem::path folder_;
  telemetry::Source& source_;
  AppendFile file_;
  std::mutex mutex_;
  std::string waiting_;
};

/// List the recordings of a run folder, in order.
std::vector<std::filesystem::path> telemetry_parts(const std::filesystem::path& folder);

}  // namespace ipw::execution
