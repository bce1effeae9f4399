// SPDX-License-Identifier: Apache-2.0
// Any bytes: parsing JSON and repairing UTF-8 neither crash nor throw, and repaired text stays as it is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string repaired = ipw::to_valid_utf8(text);
  if (ipw::to_valid_utf8(repaired) != repaired) std::abort();
  static_cast<void>(ipw::parse_json(text));
  static_cast<void>(ipw::parse_double(text));
  static_cast<void>(ipw::parse_int(text));
  return 0;
}
