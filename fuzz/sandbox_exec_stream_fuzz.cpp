// SPDX-License-Identifier: Apache-2.0
// The first two bytes say where the rest is cut; the streams must be the same for one piece and for three.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/sandbox/exec_stream.h"

namespace {

std::string streams(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> heard(4);
  ipw::sandbox::ExecStream stream(
      [&](int number, std::string_view bytes) { heard.at(static_cast<std::size_t>(number)) += bytes; });
  bool sound = true;
  for (const auto piece : pieces) sound = stream.feed(piece);
  std::string out = sound ? "sound" : "broken";
  out += stream.whole() ? "whole" : "cut";
  for (const auto& text : heard) out += std::to_string(text.size()) + ':' + text;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto a = text.size() * std::min(data[0], data[1]) / 255,
             b = text.size() * std::max(data[0], data[1]) / 255;
  if (streams({text}) != streams({text.substr(0, a), text.substr(a, b - a), text.substr(b)})) std::abort();
  return 0;
}
