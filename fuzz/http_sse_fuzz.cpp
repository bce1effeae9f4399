// SPDX-License-Identifier: Apache-2.0
// The first two bytes say where the rest is cut; the parsers must give the same for one piece and for three.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/http/sse.h"

namespace {

using ipw::http::NdjsonParser;
using ipw::http::SseEvent;
using ipw::http::SseParser;
using Pieces = std::vector<std::string_view>;

constexpr std::size_t kLimit = 4096;

/// Length-prefixed, so that no two different lists of texts look the same.
void put(std::string& out, std::string_view text) {
  out += std::to_string(text.size()) + ':';
  out += text;
}

template <class Parser>
void run(Parser& parser, const Pieces& pieces, std::string& out) {
  bool alive = true;
  for (const auto piece : pieces) alive = parser.feed(piece);
  parser.finish();
  out += alive ? "whole" : "cut";
}

std::string events(const Pieces& pieces) {
  std::string out;
  SseParser parser(
      [&](const SseEvent& e) {
        put(out, e.event);
        put(out, e.data);
        put(out, e.id);
      },
      kLimit);
  run(parser, pieces, out);
  return out;
}

std::string lines(const Pieces& pieces) {
  std::string out;
  NdjsonParser parser([&](std::string_view line) { put(out, line); }, kLimit);
  run(parser, pieces, out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto a = text.size() * std::min(data[0], data[1]) / 255,
             b = text.size() * std::max(data[0], data[1]) / 255;
  const Pieces whole = {text}, cut = {text.substr(0, a), text.substr(a, b - a), text.substr(b)};
  if (events(whole) != events(cut) || lines(whole) != lines(cut)) std::abort();
  return 0;
}
