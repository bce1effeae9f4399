// SPDX-License-Identifier: Apache-2.0
// Replies of a model in the protocol of the agent Terminus 2, in JSON or XML, read as Harbor reads them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::agents {

struct TerminusCommand {
  std::string keystrokes;  ///< sent to the terminal as they are, nothing is decoded
  Seconds duration{1};  ///< how long to wait afterwards; finite, as asked for: may be negative or very long
};

struct TerminusReply {
  std::string analysis, plan;  ///< empty when they are no texts
  std::vector<TerminusCommand> commands;
  bool task_complete = false;
  std::vector<std::string>
      warnings;       ///< what the model should do otherwise, in the order in which it was noticed
  std::string error;  ///< why there is nothing to do; empty when the reply could be read
};

/// Read the first JSON object of a reply: `analysis`, `plan`, `commands` and perhaps `task_complete`. Where
/// that fails, missing closing braces are added, then any small object in the text is taken, with a warning.
/// A faulty command is an error, or a warning when the task is complete. Never throws; thread-safe.
TerminusReply parse_terminus_json(std::string_view reply);

/// Read the first `<response>` of a reply: `<analysis>`, `<plan>`, `<commands>` with `<keystrokes
/// duration="S">`, and perhaps `<task_complete>true</task_complete>`. It is no XML: text between tags is
/// taken verbatim. Never throws; thread-safe.
TerminusReply parse_terminus_xml(std::string_view reply);

}  // namespace ipw::agents
