// SPDX-License-Identifier: Apache-2.0
// The conversation of the agent `react`, apart from how it is written down for a model.
#pragma once
#include <string>
#include <vector>

namespace ipw::agents {

struct ToolCall {
  std::string id, name;
  std::string arguments;  ///< what the model wrote, perhaps no JSON
};

struct Observation {
  ToolCall call;
  std::string text;
  bool failed = false;
};

/// One reply of the model and what came of it.
struct Turn {
  std::string text;  ///< of the reply, without its calls
  std::vector<Observation> observations;
  std::string remark;  ///< ours to the model after it, if not empty
};

}  // namespace ipw::agents
