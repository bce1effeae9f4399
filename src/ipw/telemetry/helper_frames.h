// SPDX-License-Identifier: Apache-2.0
// What a helper process and the sampler tell each other over two pipes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/telemetry/collector.h"

namespace ipw::telemetry {

/// One frame: 4 bytes of length, 1 byte of kind, the content. Numbers are the machine's own: both ends are
/// one program.
struct Frame {
  enum class Kind : char {
    Machine = 'm',  ///< what the collector knows of the machine; before the first Domains
    Domains = 'd',  ///< a header line of a recording: the domains so far
    Sample = 's',
    Failed = 'f'  ///< the collector cannot be made: an error
  };
  Kind kind = Kind::Sample;
  std::string content;
};

std::string encode_frame(Frame::Kind kind, std::string_view content);
/// Take the first whole frame out of a buffer; nothing when it is not whole yet. A length that no frame has
/// throws Error(Format).
std::optional<Frame> take_frame(std::string& buffer);

/// How a collector is to be made, as one word of a command line.
std::string encode_options(const CollectorOptions& options);
/// Throws Error(Format) when it is no such word.
CollectorOptions decode_options(std::string_view word);

/// The content of a Failed frame.
std::string encode_error(const Error& error);
Error decode_error(std::string_view content);

/// The content of a Machine frame: what Collector::describe() adds.
std::string encode_machine(const records::MachineInfo& machine);
/// Throws Error(Format) when it is no such content.
records::MachineInfo decode_machine(std::string_view content);

/// The content of a Sample frame: readings, gauges, silences, and the CPU time of the helper.
std::string encode_sample(const Sample& sample, double cpu_seconds);
/// Throws Error(Format) when it is no such content.
Sample decode_sample(std::string_view content, double& cpu_seconds);

}  // namespace ipw::telemetry
