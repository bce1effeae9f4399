// SPDX-License-Identifier: Apache-2.0
// Streams for tests: events at 10, 20, 30 ... ms.
#pragma once
#include <string>
#include <vector>

#include "ipw/clients/channel.h"

namespace ipw::clients {

inline Instant at_ms(int ms) {
  return Instant(std::chrono::milliseconds(ms));
}

inline std::vector<StreamEvent> events(const std::vector<std::string>& data) {
  std::vector<StreamEvent> out;
  for (const auto& text : data) out.push_back({text, at_ms(10 * static_cast<int>(out.size() + 1)), true});
  return out;
}

inline std::string delta(const std::string& fields) {
  return R"({"choices":[{"index":0,"delta":{)" + fields + "}}]}";
}

inline const std::string kFinish = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";

}  // namespace ipw::clients
