// SPDX-License-Identifier: Apache-2.0
// The conversation as a request: in the form of native tool calls, or of the text protocol.
#pragma once
#include <string>
#include <vector>

#include "ipw/agents/react_settings.h"
#include "ipw/agents/react_tools.h"
#include "ipw/agents/react_turn.h"

namespace ipw::agents {

struct Conversation {
  std::string prompt;
  std::vector<Turn> turns;
};

/// The body of a chat completion. `turn` counts from 1; at the last of `most` a final answer is demanded.
std::string request_json(const std::string& model, const Conversation& conversation, const Toolbox& tools,
                         const ReactSettings& settings, int turn, int most);

/// Shorten the observations, oldest first, until half of their text is left out. False: there was nothing to
/// shorten.
bool shorten_oldest(Conversation& conversation);

}  // namespace ipw::agents
