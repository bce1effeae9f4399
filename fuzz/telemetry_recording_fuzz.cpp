// SPDX-License-Identifier: Apache-2.0
// Any lines as a recording: they are read or refused with an Error; what is read is written the same, and a
// history takes it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/history.h"
#include "ipw/telemetry/recording.h"

namespace {

using namespace ipw::telemetry;

void replay(const std::vector<std::string_view>& lines) {
  const auto domains = parse_header(lines.front());
  const auto header = header_line(domains);
  if (header_line(parse_header(header)) != header) std::abort();
  History history(domains);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto sample = parse_sample(lines[i]);
    const auto line = sample_line(sample);
    if (sample_line(parse_sample(line)) != line) std::abort();
    history.feed(sample);
    history.settled(sample.tick);
    if (!sample.readings.empty()) history.window(sample.readings.front().mid, sample.tick);
  }
  history.problems();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    replay(ipw::split(std::string_view(reinterpret_cast<const char*>(data), size), '\n'));
  } catch (const ipw::Error&) {
  }
  return 0;
}
