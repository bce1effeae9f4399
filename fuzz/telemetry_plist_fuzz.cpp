// SPDX-License-Identifier: Apache-2.0
// Any bytes from powermetrics, in reads of any size: the same documents come out as from one read, and none
// of them crashes the parser.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/collectors/powermetrics_plist.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ipw::telemetry;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  PlistSplitter whole, pieces;
  const std::vector<std::string> once = whole.feed(text);
  std::vector<std::string> split;
  const std::size_t step = 1 + data[0] % 64;
  for (std::size_t at = 0; at < text.size(); at += step)
    for (std::string& document : pieces.feed(text.substr(at, step))) split.push_back(std::move(document));
  if (once != split || whole.dropped() != pieces.dropped() || whole.pending() != pieces.pending())
    std::abort();
  for (const std::string& document : once) {
    const auto interval = parse_powermetrics(document);
    if (interval ? !(interval->seconds > 0) : interval.error().empty()) std::abort();
  }
  static_cast<void>(parse_powermetrics(text));
  return 0;
}
