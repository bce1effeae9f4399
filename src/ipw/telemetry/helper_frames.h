// SPDX-License-Identifier: Apache-2.0
// What a helper process and the sampler tell each other over two pipes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// One frame: 4 bytes of length, 1 byte of kind, the content. Numbers are the machine's own: both ends are
/// one program.
struct Frame {
  enum class Kind : char {
    Domains = 'd',  ///< a header line of a recording: the domains so far
    Sample = 's',
    Failed = 'f'  ///< the collector cannot be made: the error's text
  };
  Kind kind = Kind::Sample;
  std::string content;
};

std::string encode_frame(Frame::Kind kind, std::string_view content);
/// Take the first whole frame out of a buffer; nothing when it is not whole yet. A length that no frame has
/// throws Error(Format).
std::optional<Frame> take_frame(std::string& buffer);

/// The content of a Sample frame: readings, gauges, silences, and the CPU time of the helper.
std::string encode_sample(const Sample& sample, double cpu_seconds);
/// Throws Error(Format) when it is no such content.
Sample decode_sample(std::string_view content, double& cpu_seconds);

}  // namespace ipw::telemetry
