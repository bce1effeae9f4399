// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/main.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/registry.h"
#include "ipw/base/say.h"
#include "ipw/cli/environment.h"
#include "ipw/cli/help.h"
#include "ipw/cli/interrupt.h"
#include "ipw/cli/parser.h"
#include "ipw/telemetry/helper.h"

namespace ipw::cli {
namespace {

int report(const Error& error) {
  say("error: {}\n", error.what());
  for (const auto& line : error.context()) say("  while {}\n", line);
  if (!error.hint().empty()) say("hint: {}\n", error.hint());
  return exit_status(error.code());
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

void set_log_level(const std::string& name) {
  static constexpr std::array<std::string_view, 5> kLevels = {"debug", "info", "warning", "error", "off"};
  const auto at = std::ranges::find(kLevels, name);
  if (at == kLevels.end()) throw_unknown("log level", name, kLevels);
  log::set_level(static_cast<log::Level>(at - kLevels.begin()));
}

/// Take --log-level off the front, wherever it stands before the command.
void take_log_level(std::vector<std::string>& arguments) {
  if (arguments.empty() || !arguments[0].starts_with("--log-level")) return;
  if (const auto equals = arguments[0].find('='); equals != std::string::npos) {
    set_log_level(arguments[0].substr(equals + 1));
    arguments.erase(arguments.begin());
    return;
  }
  if (arguments.size() < 2) throw Error(ErrorCode::Usage, "--log-level needs a value");
  set_log_level(arguments[1]);
  arguments.erase(arguments.begin(), arguments.begin() + 2);
}

const Command& find_command(const std::string& name) {
  for (const auto& command : commands())
    if (command.name == name) return command;
  throw_unknown(name.starts_with("-") ? "option" : "command", name, names(commands()));
}

bool asks_for_help(std::span<const std::string> arguments) {
  const auto end = std::ranges::find(arguments, "--");  // what follows belongs to another program
  return std::any_of(arguments.begin(), end, [](const auto& a) { return a == "--help" || a == "-h"; });
}

int run_command(const Command& command, std::span<const std::string> arguments) {
  if (asks_for_help(arguments)) return print(command_help(command));
  const auto values = parse_arguments(command, arguments);
  Interrupt interrupt;
  SystemClock clock;
  auto context = make_context(clock, interrupt.token());
  return command.run(values, context);
}

int dispatch(std::vector<std::string> arguments) {
  take_log_level(arguments);
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") return print(program_help());
  if (arguments[0] == "help" && arguments.size() > 1) return print(command_help(find_command(arguments[1])));
  if (arguments[0] == "--version") return print(fmt::format("ipw {}\n", IPW_VERSION));
  if (arguments[0] == "--commands-page") return print(commands_page());
  if (arguments[0] == telemetry::kHelperWord) {
    SystemClock clock;
    return telemetry::run_helper(telemetry::collectors(), {arguments.begin() + 1, arguments.end()}, clock);
  }
  return run_command(find_command(arguments[0]), std::span(arguments).subspan(1));
}

}  // namespace

int run(int argc, char** argv) {
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const Error& error) {
    return report(error);
  } catch (const std::exception& error) {
    return report(Error(ErrorCode::Internal, fmt::format("unexpected: {}", error.what()),
                        "this is a defect of ipw; please report it with the command line"));
  }
}

}  // namespace ipw::cli
