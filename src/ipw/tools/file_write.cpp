// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/in_place.h"
#include "ipw/tools/shorten.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"path", ArgumentType::Text, "The file; a relative path starts at the task's folder.", true},
    Argument{"content", ArgumentType::Text, "The text.", true},
    Argument{"mode", ArgumentType::Text, "\"w\": replace the file; \"a\": append to it. Default \"w\"."},
};
/// Looks before it makes folders, so that a refusal leaves nothing behind. What can be written at all is for
/// the place to say, not for a comparison of paths.
constexpr const char* kScript =
    "if [ -e \"$1\" ] && [ ! -f \"$1\" ]; then echo 'this is no file' >&2; exit 1; fi; "
    "mkdir -p -- \"$(dirname -- \"$1\")\" || exit 1; "
    "if [ \"$2\" = a ]; then cat >>\"$1\"; else cat >\"$1\"; fi";

class FileWrite final : public CheckedTool {
 public:
  FileWrite()
      : CheckedTool("file_write", "Write a text into a file of the task. Folders that are missing are made.",
                    kArguments) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    const auto path = arguments.at("path").get<std::string>();
    const auto mode = arguments.value("mode", std::string("w"));
    if (mode != "w" && mode != "a") return failed("file_write: 'mode' must be \"w\" or \"a\"");
    if (path.empty() || path.find('\0') != std::string::npos || path.ends_with('/'))
      return failed("file_write: 'path' must name a file");
    sandbox::Command command;
    // "./" in front: a path that begins with '-' is no option.
    command.argv = {"sh", "-c", kScript, "sh", path.starts_with('/') ? path : "./" + path, mode};
    command.input = arguments.at("content").get<std::string>();
    const auto end = run_in_place(command, {}, context);
    if (end.exit_status != 0 || !end.error.empty())
      return failed(fmt::format("file_write: {} was not written: {}", path, reason(end, context)));
    ToolResult out;
    out.text = fmt::format("{} {} bytes {} {}", mode == "w" ? "Wrote" : "Appended", command.input.size(),
                           mode == "w" ? "into" : "to", path);
    return out;
  }

  static std::string reason(const sandbox::CommandEnd& end, const ToolContext& context) {
    if (!end.error.empty()) return end.error;
    if (const auto limit = limit_text(end, context.wall); !limit.empty()) return limit;
    return shorten_middle(trim(end.errors), 500);
  }
};

}  // namespace

std::unique_ptr<Tool> make_file_write(const ToolOptions& options) {
  read_options("file_write", options.options_json, {});
  return std::make_unique<FileWrite>();
}

}  // namespace ipw::tools
