// SPDX-License-Identifier: Apache-2.0
// What an agent's model can call: a name, what it is for, a schema of its arguments, and an answer in text.
#pragma once
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::sandbox {
class Workplace;
}

namespace ipw::tools {

struct ToolSpec {
  std::string name, description;
  std::string parameters_json;  ///< JSON schema of the arguments, an object
};

/// What came of a call. A failure is told to the model in words it can act on.
struct ToolResult {
  std::string text;
  bool failed = false;
  std::string usage_json;  ///< {"model", "input_tokens", "output_tokens"} where another model was asked
};

/// Where and for how long a call may work.
struct ToolContext {
  sandbox::Workplace* place = nullptr;  ///< of the task; null where there is none
  Seconds wall{120};
  std::stop_token stop;
};

/// Thread-safe.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual const ToolSpec& spec() const = 0;
  /// `arguments`: what the model wrote, perhaps no JSON at all. Never throws for what models, files or
  /// servers do.
  virtual ToolResult call(const std::string& arguments, const ToolContext& context) const = 0;
};

using ToolSet = std::vector<std::unique_ptr<Tool>>;

}  // namespace ipw::tools
