// SPDX-License-Identifier: Apache-2.0
// Any reference, metadata and response give a verdict: no crash, no exception, reasons where there is no
// decision.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/evaluation/scorer.h"

namespace {

/// Cut the text up to the next zero byte off the front.
std::string_view take(std::string_view& rest) {
  const auto end = rest.find('\0');
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto answer = take(rest), metadata = take(rest), finish_reason = take(rest);
  const std::vector<std::string> choices(size % 12, std::string(answer));
  const ipw::evaluation::Task task{"question", answer, metadata, finish_reason, choices};
  for (const auto& row : ipw::evaluation::scorers()) {
    const auto verdict = row.make()->score(task, rest);
    if (!verdict.correct && verdict.reason.empty()) std::abort();
    if (!verdict.metadata.empty() && !ipw::parse_json(verdict.metadata)) std::abort();
  }
  return 0;
}
