// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/powermetrics_plist.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

#include "ipw/base/text.h"

namespace ipw::telemetry {

namespace {

constexpr std::string_view kEnd = "</plist>";
constexpr std::size_t kLongest = 4 << 20;

// The value that follows a key of a dictionary.
pugi::xml_node value_of(pugi::xml_node dictionary, std::string_view key) {
  for (const pugi::xml_node node : dictionary.children("key")) {
    if (node.text().get() == key) return node.next_sibling();
  }
  return {};
}

std::optional<double> number(pugi::xml_node dictionary, std::string_view key) {
  const pugi::xml_node value = value_of(dictionary, key);
  const std::string_view kind = value.name();
  if (kind != "integer" && kind != "real") return std::nullopt;
  const auto out = parse_double(trim(value.text().get()));
  return out && *out >= 0 ? out : std::nullopt;
}

// Millijoules of the interval; where they are not told, milliwatts times its length.
std::optional<double> joules(pugi::xml_node processor, const std::string& part, double seconds) {
  if (const auto energy = number(processor, part + "_energy")) return *energy * 1e-3;
  if (const auto power = number(processor, part + "_power")) return *power * 1e-3 * seconds;
  return std::nullopt;
}

// "freq_hz" is in MHz on some systems.
std::optional<double> megahertz(std::optional<double> frequency) {
  constexpr double kHertz = 1e6;
  if (!frequency) return std::nullopt;
  return *frequency >= kHertz ? *frequency / kHertz : *frequency;
}

}  // namespace

std::vector<std::string> PlistSplitter::feed(std::string_view bytes) {
  std::vector<std::string> out;
  buffer_ += bytes;
  while (!buffer_.empty()) {
    // What stands between two documents.
    const std::size_t begin =
        std::min(buffer_.find_first_not_of(std::string_view("\0\n\r\t ", 5)), buffer_.size());
    buffer_.erase(0, begin);
    searched_ -= std::min(searched_, begin);
    const std::size_t end = buffer_.find(kEnd, searched_), nul = buffer_.find('\0', searched_);
    if (nul != std::string::npos && (end == std::string::npos || nul < end)) {
      drop(nul + 1);
    } else if (end != std::string::npos) {
      out.push_back(buffer_.substr(0, end + kEnd.size()));
      buffer_.erase(0, end + kEnd.size());
      searched_ = 0;
    } else if (buffer_.size() > kLongest) {
      drop(buffer_.size());
    } else {
      searched_ = buffer_.size() - std::min(buffer_.size(), kEnd.size() - 1);
      break;
    }
  }
  return out;
}

void PlistSplitter::drop(std::size_t bytes) {
  buffer_.erase(0, bytes);
  searched_ = 0;
  ++dropped_;
}

void PlistSplitter::reset() {
  buffer_.clear();
  searched_ = 0;
}

Result<AppleInterval, std::string> parse_powermetrics(std::string_view plist) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(plist.data(), plist.size());
  if (!parsed)
    return Unexpected<std::string>(fmt::format("powermetrics wrote no property list: {} at byte {}",
                                               parsed.description(), parsed.offset));
  const pugi::xml_node top = document.child("plist").child("dict");
  const auto elapsed = number(top, "elapsed_ns");
  if (!elapsed || *elapsed <= 0) return Unexpected<std::string>("powermetrics does not tell elapsed_ns");
  AppleInterval out;
  out.seconds = *elapsed * 1e-9;
  const pugi::xml_node processor = value_of(top, "processor");
  out.cpu_joules = joules(processor, "cpu", out.seconds);
  out.gpu_joules = joules(processor, "gpu", out.seconds);
  out.ane_joules = joules(processor, "ane", out.seconds);
  out.dram_joules = joules(processor, "dram", out.seconds);
  out.combined_joules = joules(processor, "combined", out.seconds);
  if (!out.cpu_joules && !out.combined_joules)
    return Unexpected<std::string>(
        "powermetrics tells no energy of the processor: not an Apple SoC, or a sampler "
        "is missing");
  const pugi::xml_node gpu = value_of(top, "gpu");
  if (const auto idle = number(gpu, "idle_ratio"); idle && *idle <= 1) out.gpu_active_pct = 100 * (1 - *idle);
  out.gpu_clock_mhz = megahertz(number(gpu, "freq_hz"));
  if (const std::string_view pressure = value_of(top, "thermal_pressure").text().get(); !pressure.empty())
    out.throttled = pressure != "Nominal";
  out.model = value_of(top, "hw_model").text().get();
  return out;
}

}  // namespace ipw::telemetry
