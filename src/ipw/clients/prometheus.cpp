// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/prometheus.h"

#include <optional>

#include "ipw/base/text.h"

namespace ipw::clients {
namespace {

/// Find the brace that closes the labels; quoted values may hold braces and escaped quotes.
std::size_t closing_brace(std::string_view line, std::size_t open) {
  bool quoted = false;
  for (std::size_t i = open + 1; i < line.size(); ++i) {
    if (line[i] == '\\' && quoted)
      ++i;
    else if (line[i] == '"')
      quoted = !quoted;
    else if (line[i] == '}' && !quoted)
      return i;
  }
  return std::string_view::npos;
}

std::optional<MetricSample> parse_line(std::string_view line) {
  MetricSample sample;
  const auto name_end = line.find_first_of("{ \t");
  if (name_end == std::string_view::npos || name_end == 0) return {};
  sample.name = line.substr(0, name_end);
  auto rest = line.substr(name_end);
  if (rest.front() == '{') {
    const auto close = closing_brace(line, name_end);
    if (close == std::string_view::npos) return {};
    sample.labels = line.substr(name_end + 1, close - name_end - 1);
    rest = line.substr(close + 1);
  }
  rest = trim(rest);
  const auto value = parse_double(rest.substr(0, rest.find_first_of(" \t")));  // a time stamp may follow
  if (!value) return {};
  sample.value = *value;
  return sample;
}

}  // namespace

std::vector<MetricSample> parse_prometheus(std::string_view text) {
  std::vector<MetricSample> samples;
  for (const auto raw : split(text, '\n')) {
    const auto line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (auto sample = parse_line(line)) samples.push_back(std::move(*sample));
  }
  return samples;
}

}  // namespace ipw::clients
