// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/in_place.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"code", ArgumentType::Text, "Python 3; print what you want to see.", true},
    Argument{"timeout", ArgumentType::Number, "Seconds after which it is killed. Default 30."},
};
constexpr Seconds kDefaultWall{30};
constexpr std::size_t kMostCharacters = 10000;
constexpr const char* kScript =
    "for p in python3 python; do command -v $p >/dev/null 2>&1 && exec $p -; done; "
    "echo 'there is no python3 here' >&2; exit 127";

/// The inside of the first fenced block; the whole text where there is none.
std::string_view code_of(std::string_view text) {
  const auto fence = text.find("```");
  if (fence == std::string_view::npos) return text;
  const auto line = text.find('\n', fence);
  if (line == std::string_view::npos) return text;
  return text.substr(line + 1, text.find("```", line) - line - 1);
}

class CodeInterpreter final : public CheckedTool {
 public:
  CodeInterpreter()
      : CheckedTool("code_interpreter",
                    "Run a Python 3 program on the task's machine and get what it prints. Each call is a "
                    "new program in the task's folder: files stay, variables do not.",
                    kArguments) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    const Seconds asked(arguments.value("timeout", kDefaultWall.count()));
    if (!(asked.count() > 0)) return failed("code_interpreter: 'timeout' must be above 0");
    const auto text = arguments.at("code").get<std::string>();
    sandbox::Command command;
    command.argv = {"sh", "-c", kScript};
    command.input = code_of(text);
    if (trim(command.input).empty()) return failed("code_interpreter: 'code' is empty");
    return told(run_in_place(command, asked, context), allowed(asked, context), kMostCharacters);
  }
};

}  // namespace

std::unique_ptr<Tool> make_code_interpreter(const ToolOptions& options) {
  read_options("code_interpreter", options.options_json, {});
  return std::make_unique<CodeInterpreter>();
}

}  // namespace ipw::tools
