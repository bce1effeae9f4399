// SPDX-License-Identifier: Apache-2.0
// What a streamed chunk costs before anything is measured: repairing its text and parsing its JSON.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace {

constexpr std::string_view kChunk =
    R"({"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" token"},)"
    R"("finish_reason":null}],"usage":null})";

void parse_chunk(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ipw::parse_json(kChunk));
}
BENCHMARK(parse_chunk);

void repair_text(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'a');
  for (auto _ : state) benchmark::DoNotOptimize(ipw::to_valid_utf8(text));
}
BENCHMARK(repair_text)->Range(8, 8 << 10);

}  // namespace
