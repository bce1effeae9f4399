// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/in_place.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"command", ArgumentType::Text, "The command, as typed into a shell.", true},
    Argument{"timeout", ArgumentType::Number, "Seconds after which it is killed. Default 120."},
};
constexpr std::array kOptions = {
    Argument{"max_output_length", ArgumentType::Integer, "Characters of each stream that are shown."},
};
constexpr Seconds kDefaultWall{120};
/// A small image may have no bash.
constexpr const char* kScript =
    "if command -v bash >/dev/null 2>&1; then exec bash -c \"$1\"; fi; exec sh -c \"$1\"";

class Bash final : public CheckedTool {
 public:
  explicit Bash(std::size_t most)
      : CheckedTool("bash",
                    "Run a command in a shell on the task's machine and get its exit status and what it "
                    "prints. Each call is a new shell in the task's folder; files stay, `cd` and variables "
                    "do not. It gets no input and must not wait for any.",
                    kArguments),
        most_(most) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    const Seconds asked(arguments.value("timeout", kDefaultWall.count()));
    if (!(asked.count() > 0)) return failed("bash: 'timeout' must be above 0");
    sandbox::Command command;
    command.argv = {"sh", "-c", kScript, "sh", arguments.at("command").get<std::string>()};
    return told(run_in_place(command, asked, context), allowed(asked, context), most_);
  }

  std::size_t most_;
};

}  // namespace

std::unique_ptr<Tool> make_bash(const ToolOptions& options) {
  const Json given = read_options("bash", options.options_json, kOptions);
  const auto most = given.value("max_output_length", std::int64_t{20000});
  if (most < 100) throw Error(ErrorCode::Usage, "options of the tool bash: 'max_output_length' is below 100");
  return std::make_unique<Bash>(static_cast<std::size_t>(most));
}

}  // namespace ipw::tools
