// SPDX-License-Identifier: Apache-2.0
// Replies of models in react's text protocol, and the expressions that its calculator is given.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/agents/react_reply.h"
#include "ipw/tools/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reply = ipw::agents::read_text_reply(text);
  if (!reply.calls.empty() && reply.final_answer) std::abort();
  for (const auto& call : reply.calls)
    if (call.name.empty() || call.arguments.size() > size) std::abort();
  const auto value = ipw::tools::calculate(text);
  if (value ? value->empty() : value.error().empty()) std::abort();
  return 0;
}
