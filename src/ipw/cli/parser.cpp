// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/parser.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"
#include "ipw/base/text.h"

namespace ipw::cli {
namespace {

void add_option(CLI::App& app, const Option& option, Values& values) {
  const std::string name(option.name);
  if (option.kind == Kind::Flag) {
    app.add_flag_callback(name, [&values, name] { values.given[name] = {"true"}; });
    return;
  }
  auto* added = app.add_option_function<std::vector<std::string>>(
      name, [&values, name](const std::vector<std::string>& given) { values.given[name] = given; });
  added->expected(1)->multi_option_policy(option.kind == Kind::List ? CLI::MultiOptionPolicy::TakeAll
                                                                    : CLI::MultiOptionPolicy::Throw);
  added->allow_extra_args(false);
}

void add_positional(CLI::App& app, const Positional& positional, Values& values) {
  const std::string name(positional.name);
  auto* added = app.add_option_function<std::vector<std::string>>(
      name, [&values, name](const std::vector<std::string>& given) { values.given[name] = given; });
  added->required(positional.required);
  if (positional.repeated)
    added->expected(1, 1000);
  else
    added->expected(1)->allow_extra_args(false);
}

/// Turn what CLI11 could not place into a message with the options that are near.
[[noreturn]] void throw_unexpected(const Command& command, const CLI::ExtrasError& error,
                                   std::span<const std::string> arguments) {
  const auto names_known = names(command.options);
  for (const auto& argument : arguments) {
    const auto name = argument.substr(0, argument.find('='));
    if (name.starts_with("-") && std::ranges::find(names_known, name) == names_known.end())
      throw_unknown(fmt::format("option of {}", command.name), name, names_known);
  }
  throw Error(ErrorCode::Usage, error.what(), fmt::format("ipw {} --help shows what it takes", command.name));
}

/// A command whose one positional takes words as they are: those behind "--" are not looked at.
bool takes_all(const Command& command) {
  return command.positionals.size() == 1 && command.positionals[0].repeated;
}

void take_all(const Command& command, std::vector<std::string> words, Values& values) {
  if (words.empty())
    throw Error(ErrorCode::Usage, fmt::format("{} is missing behind --", command.positionals[0].name),
                fmt::format("ipw {} --help shows what it takes", command.name));
  values.given[std::string(command.positionals[0].name)] = std::move(words);
}

}  // namespace

Values parse_arguments(const Command& command, std::span<const std::string> arguments) {
  CLI::App app;
  app.set_help_flag();
  Values values;
  const auto mark = std::ranges::find(arguments, "--");
  const bool marked = mark != arguments.end() && takes_all(command);
  for (const auto& positional : command.positionals)
    if (!marked) add_positional(app, positional, values);
  for (const auto& option : command.options) add_option(app, option, values);
  const auto own = marked ? arguments.first(static_cast<std::size_t>(mark - arguments.begin())) : arguments;
  std::vector<std::string> reversed(own.rbegin(), own.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ExtrasError& e) {
    throw_unexpected(command, e, own);
  } catch (const CLI::ParseError& e) {
    throw Error(ErrorCode::Usage, e.what(), fmt::format("ipw {} --help shows what it takes", command.name));
  }
  if (marked) take_all(command, {mark + 1, arguments.end()}, values);
  return values;
}

}  // namespace ipw::cli
