// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/in_place.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/tools/arguments.h"
#include "ipw/tools/shorten.h"

namespace ipw::tools {

Seconds allowed(std::optional<Seconds> asked, const ToolContext& context) {
  return std::min(asked.value_or(context.wall), context.wall);
}

sandbox::CommandEnd run_in_place(sandbox::Command command, std::optional<Seconds> wall,
                                 const ToolContext& context) {
  if (context.place == nullptr) {
    sandbox::CommandEnd out;
    out.error = "this task has no place where commands could run";
    return out;
  }
  command.wall = allowed(wall, context);
  command.stop = context.stop;
  return context.place->run(command);
}

std::string limit_text(const sandbox::CommandEnd& end, Seconds wall) {
  if (end.limit == "wall") return fmt::format("killed: it did not end within {:g} s", wall.count());
  if (end.limit == "output") return "killed: it printed too much";
  if (end.limit == "stopped") return "killed: the task was stopped";
  return end.limit;
}

ToolResult told(const sandbox::CommandEnd& end, Seconds wall, std::size_t most_characters) {
  if (!end.error.empty()) return failed("the place of the task failed: " + end.error);
  ToolResult out;
  if (const auto limit = limit_text(end, wall); !limit.empty()) out.text = limit + "\n";
  if (end.exit_status) out.text += fmt::format("exit status: {}\n", *end.exit_status);
  if (!end.output.empty())
    out.text += fmt::format("stdout:\n{}\n", shorten_middle(end.output, most_characters));
  if (!end.errors.empty())
    out.text += fmt::format("stderr:\n{}\n", shorten_middle(end.errors, most_characters));
  if (end.output.empty() && end.errors.empty()) out.text += "it printed nothing\n";
  out.text.pop_back();
  out.failed = end.exit_status != 0;
  return out;
}

}  // namespace ipw::tools
