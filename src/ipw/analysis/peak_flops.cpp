// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/peak_flops.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "ipw/analysis/flops.h"
#include "ipw/base/text.h"

namespace ipw::analysis {
namespace {

constexpr std::array kPeaks{
    PeakFlops{"a10", 125},       PeakFlops{"a100", 312},       PeakFlops{"a30", 165},
    PeakFlops{"a40", 149.7},     PeakFlops{"a6000", 154.8},    PeakFlops{"b100", 1750},
    PeakFlops{"b200", 2250},     PeakFlops{"gb200", 2500},     PeakFlops{"gh200", 989.5},
    PeakFlops{"h100", 989.5},    PeakFlops{"h100 nvl", 835.5}, PeakFlops{"h100 pcie", 756},
    PeakFlops{"h200", 989.5},    PeakFlops{"h200 nvl", 835.5}, PeakFlops{"l4", 121},
    PeakFlops{"l40", 181},       PeakFlops{"l40s", 362},       PeakFlops{"mi210", 181},
    PeakFlops{"mi250", 362.1},   PeakFlops{"mi250x", 383},     PeakFlops{"mi300a", 980.6},
    PeakFlops{"mi300x", 1307.4}, PeakFlops{"mi325x", 1307.4},  PeakFlops{"rtx 3090", 71},
    PeakFlops{"rtx 4080", 97.5}, PeakFlops{"rtx 4090", 165.2}, PeakFlops{"v100", 112},
    PeakFlops{"v100 sxm2", 125},
};
static_assert(std::ranges::is_sorted(kPeaks, {}, &PeakFlops::name));

/// "NVIDIA A100-SXM4-80GB" as nvidia, a100, sxm4, 80gb.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> out(1);
  for (const char c : to_lower_ascii(name)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out.back() += c;
    else if (!out.back().empty())
      out.emplace_back();
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

bool holds(const std::vector<std::string>& words, std::string_view row) {
  for (const auto part : split(row, ' '))
    if (std::ranges::find(words, part) == words.end()) return false;
  return true;
}

}  // namespace

std::span<const PeakFlops> peak_flops() {
  return kPeaks;
}

ipw::Result<PeakFlops, std::string> find_peak_flops(std::string_view device) {
  const auto words = words_of(device);
  const PeakFlops* best = nullptr;
  for (const auto& row : kPeaks)
    if (holds(words, row.name) && (best == nullptr || row.name.size() > best->name.size())) best = &row;
  if (best == nullptr) return tl::unexpected(fmt::format("the peak of '{}' is not in the table", device));
  return *best;
}

ModelUse& ModelUse::operator+=(const ModelUse& other) {
  operations += other.operations;
  seconds += other.seconds;
  return *this;
}

std::optional<ModelUse> use_of(const ModelSize& size, const Json& trace) {
  if (member(trace, "shared_device_warning") != Json(false) ||
      member(trace, "lm_energy_measurable") != Json(true))
    return std::nullopt;
  ModelUse out;
  const Json& spans = member(trace, "spans");
  for (const auto& span : spans) {
    if (member(span, "kind") != Json("model")) continue;
    const Json tokens = member(span, "tokens"), input = member(tokens, "input"),
               output = member(tokens, "output");
    if (!input.is_number_integer() || !output.is_number_integer()) return std::nullopt;
    const Json cached = member(tokens, "cached"), seconds = member(span, "own_seconds");
    const auto reused = cached.is_number_integer() ? cached.get<std::int64_t>() : 0;
    const auto computed = std::max<std::int64_t>(0, input.get<std::int64_t>() - reused);
    out += {flops_of(size, computed, output.get<std::int64_t>()).total(),
            seconds.is_number() ? seconds.get<double>() : 0};
  }
  return out.seconds > 0 ? std::optional(out) : std::nullopt;
}

ipw::Result<double, std::string> peak_of(const Json& summary) {
  const Json gpu = member(summary, "gpu_info"), name = member(gpu, "name"), count = member(gpu, "count");
  if (!name.is_string()) return tl::unexpected(std::string("no accelerator is known"));
  const auto row = find_peak_flops(name.get<std::string>());
  if (!row) return tl::unexpected(row.error());
  if (!count.is_number_integer() || count.get<std::int64_t>() < 1)
    return tl::unexpected(std::string("the number of accelerators is not known"));
  return row->tflops * 1e12 * count.get<double>();
}

}  // namespace ipw::analysis
