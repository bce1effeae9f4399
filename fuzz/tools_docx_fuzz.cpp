// SPDX-License-Identifier: Apache-2.0
// Any bytes as the XML of a Word document and as the whole file: text no longer than what came in, or Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/tools/docx.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ipw;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    // Every character of the text comes from a longer element or is one itself.
    if (tools::word_text(bytes).size() > 4 * size) std::abort();
  } catch (const Error&) {
  }
  try {
    static_cast<void>(tools::docx_text(bytes));
  } catch (const Error&) {
  }
  return 0;
}
