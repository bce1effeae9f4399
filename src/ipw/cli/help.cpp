// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/help.h"

#include <fmt/format.h>

#include <algorithm>

namespace ipw::cli {
namespace {

constexpr std::size_t kColumn = 28;
constexpr std::size_t kWidth = 100;

/// Break a text into lines of the help width, each after the first indented.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    if (column > indent && column + word.size() + 1 > kWidth) {
      out += fmt::format("\n{:{}}", "", indent);
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string row(std::string_view left, std::string_view text) {
  if (left.size() + 2 >= kColumn)
    return fmt::format("  {}\n{:{}}{}\n", left, "", kColumn, wrap(text, kColumn));
  return fmt::format("  {:<{}}{}\n", left, kColumn - 2, wrap(text, kColumn));
}

std::string help_of(const Option& option) {
  std::string text(option.help);
  if (option.kind == Kind::List) text += " (may be repeated)";
  if (!option.fallback.empty()) text += fmt::format(" [default: {}]", option.fallback);
  return text;
}

std::string usage(const Command& command) {
  if (!command.usage.empty()) return fmt::format("ipw {} {}", command.name, command.usage);
  std::string line = fmt::format("ipw {}", command.name);
  for (const auto& p : command.positionals)
    line += fmt::format(" {}{}{}{}", p.required ? "" : "[", p.name, p.repeated ? "..." : "",
                        p.required ? "" : "]");
  return line + (command.options.empty() ? "" : " [OPTIONS]");
}

std::vector<std::string_view> groups(const Command& command) {
  std::vector<std::string_view> out;
  for (const auto& option : command.options)
    if (std::ranges::find(out, option.group) == out.end()) out.push_back(option.group);
  return out;
}

}  // namespace

std::string program_help() {
  std::string out =
      "ipw measures what an answer of a language model costs: accuracy together with energy, power,\n"
      "memory, latency and tokens, per query.\n\n"
      "usage: ipw COMMAND [OPTIONS]\n\nCommands:\n";
  for (const auto& command : commands()) out += row(command.name, command.summary);
  out += "\nOptions:\n" + row("--help", "Show this help, or that of a command.") +
         row("--version", "Show the version.");
  out +=
      row("--log-level LEVEL", "debug, info, warning, error or off; before the command. [default: warning]");
  return out + "\nBegin with `ipw profile`: it profiles a small real language model on this machine.\n";
}

std::string command_help(const Command& command) {
  std::string out = fmt::format("{}\n\nusage: {}\n", command.summary, usage(command));
  if (!command.description.empty()) out += fmt::format("\n{}\n", command.description);
  if (!command.positionals.empty()) out += "\nArguments:\n";
  for (const auto& p : command.positionals) out += row(p.name, p.help);
  for (const auto group : groups(command)) {
    out += fmt::format("\n{}:\n", group);
    for (const auto& option : command.options)
      if (option.group == group)
        out += row(
            option.hint.empty() ? std::string(option.name) : fmt::format("{} {}", option.name, option.hint),
            help_of(option));
  }
  return out;
}

std::string commands_page() {
  std::string out =
      "# Commands\n\nMade by `./dev docs` from the option rows of the program; what `--help` shows.\n";
  out += fmt::format("\n```text\n{}```\n", program_help());
  for (const auto& command : commands())
    out += fmt::format("\n## ipw {}\n\n```text\n{}```\n", command.name, command_help(command));
  return out;
}

}  // namespace ipw::cli
