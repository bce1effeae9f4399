// SPDX-License-Identifier: Apache-2.0
// Any reply of a model, in either form: no crash, no exception, no command beside an error, finite durations.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/agents/terminus_reply.h"

namespace {

void check(const ipw::agents::TerminusReply& reply) {
  if (!reply.error.empty() && (!reply.commands.empty() || reply.task_complete)) std::abort();
  for (const auto& command : reply.commands)
    if (!std::isfinite(command.duration.count())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(ipw::agents::parse_terminus_json(text));
  check(ipw::agents::parse_terminus_xml(text));
  return 0;
}
