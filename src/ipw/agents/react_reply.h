// SPDX-License-Identifier: Apache-2.0
// The text protocol of `react`, for models that cannot call tools by themselves: THOUGHT, ACTION, INPUT,
// FINAL_ANSWER.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/agents/react_turn.h"

namespace ipw::agents {

struct TextReply {
  std::string thought;
  std::vector<ToolCall> calls;  ///< without ids
  std::optional<std::string> final_answer;
};

/// Read a reply. Labels may be in any case, with Markdown around them, an input in a code fence or on several
/// lines. What follows an OBSERVATION that the model made up is not read, nor a final answer behind an
/// action: the model has not seen yet what comes of it. Neither calls nor an answer: the reply keeps to no
/// protocol.
TextReply read_text_reply(std::string_view text);

/// Leave out <think>...</think>, also where only its end is there.
std::string without_reasoning(std::string_view text);

}  // namespace ipw::agents
