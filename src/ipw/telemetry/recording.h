// SPDX-License-Identifier: Apache-2.0
// Recordings of raw readings: a header line with the domains, then a line per sample (JSON Lines). What is
// read back is bit for bit what was written. Format: docs/reference/collectors/replay.md.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/files.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// One line, without a newline at its end.
std::string header_line(const std::vector<Domain>& domains);
std::string sample_line(const Sample& sample);
/// Tell a header from a sample. A header is repeated, longer, when domains were added.
bool is_header(std::string_view line);
/// Throw Error(Format) that says what is wrong with the line.
std::vector<Domain> parse_header(std::string_view line);
Sample parse_sample(std::string_view line);

/// Write a recording. One thread at a time. Throws Error on a full disk.
class RecordingWriter {
 public:
  RecordingWriter(const std::filesystem::path& path, const std::vector<Domain>& domains);
  void write(const Sample& sample);
  /// Say that domains were added, before the first sample that names them.
  void grow(const std::vector<Domain>& domains);

 private:
  AppendFile file_;
};

}  // namespace ipw::telemetry
