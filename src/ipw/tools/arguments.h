// SPDX-License-Identifier: Apache-2.0
// What a tool takes, said once: the schema that the model is shown, and the check of what it then sends.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "ipw/base/json.h"
#include "ipw/tools/tool.h"

namespace ipw::tools {

enum class ArgumentType { Text, Integer, Number, Flag, List, Object };

struct Argument {
  std::string_view name;
  ArgumentType type = ArgumentType::Text;
  std::string_view about;
  bool required = false;
};

/// JSON schema of an object with these members and no others.
std::string schema_of(std::span<const Argument> arguments);

/// Read what a model wrote, or say in words it can act on what to send. null counts as absent, and nothing at
/// all as {}.
Result<Json, std::string> read_arguments(std::string_view tool, std::string_view text,
                                         std::span<const Argument> arguments);

/// The same for what a user set. Throws Error(Usage).
Json read_options(std::string_view tool, std::string_view text, std::span<const Argument> arguments);

/// A failure in words.
ToolResult failed(std::string text);

/// What tools have in common: a specification, and arguments that are checked before any work. Errors thrown
/// by work() become failures.
class CheckedTool : public Tool {
 public:
  const ToolSpec& spec() const override { return spec_; }
  ToolResult call(const std::string& arguments, const ToolContext& context) const override;

 protected:
  /// `arguments` outlive the tool.
  CheckedTool(std::string_view name, std::string_view description, std::span<const Argument> arguments);
  virtual ToolResult work(const Json& arguments, const ToolContext& context) const = 0;

 private:
  std::span<const Argument> arguments_;
  ToolSpec spec_;
};

}  // namespace ipw::tools
