// SPDX-License-Identifier: Apache-2.0
// What an agent's model can call: a name, what it is for, a schema of its arguments, and an answer in text.
#pragma once
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/base/result.h"

namespace ipw::clients {
struct Response;
}
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

/// Hear of the calls of other models that a tool makes, each a span of its own. Thread-safe.
class SubModelWatch {
 public:
  virtual ~SubModelWatch() = default;
  /// A call that is about to be sent. `elsewhere`: the model runs on machines of a provider, so that no
  /// device here works for it. Gives the number for end(), or why the call must not be made.
  virtual Result<std::int64_t, std::string> begin(const std::string& model, const std::string& base_url,
                                                  bool elsewhere) = 0;
  virtual void end(std::int64_t call, const clients::Response& response) = 0;
};

/// Where and for how long a call may work.
struct ToolContext {
  sandbox::Workplace* place = nullptr;  ///< of the task; null where there is none
  SubModelWatch* sub_models = nullptr;  ///< null where nobody counts
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
