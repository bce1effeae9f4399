// SPDX-License-Identifier: Apache-2.0
// Commands and their options as data: help, completions, reference pages and the parser all come from these
// rows.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/params.h"
#include "ipw/execution/profile.h"

namespace ipw::cli {

enum class Kind { Flag, Text, List };  ///< List: the option may be repeated

struct Option {
  std::string_view name;      ///< "--max-queries"
  std::string_view hint;      ///< "N"; empty for flags
  std::string_view fallback;  ///< what holds without it, for the help text; empty says nothing
  std::string_view help;
  Kind kind = Kind::Text;
  std::string_view group = "Options";
};

struct Positional {
  std::string_view name, help;
  bool required = true;
  bool repeated = false;
};

/// What was given on the command line. Getters throw Error(Usage) that names the option.
class Values {
 public:
  std::map<std::string, std::vector<std::string>, std::less<>>
      given;  ///< by option name with dashes, or positional name

  bool has(std::string_view name) const { return given.contains(name); }
  std::optional<std::string> text(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t lowest) const;
  std::optional<double> number(std::string_view name, double lowest) const;
  Params params(std::string_view name) const { return Params::parse(list(name), name); }
};

/// What a command may use of the process: the only place where the environment, the clock and the terminal
/// are known.
struct Context {
  execution::Surroundings around;
  std::stop_token stop;  ///< set by Ctrl-C
  bool out_is_terminal = false, err_is_terminal = false;
  bool color = false;  ///< NO_COLOR unset and standard output a terminal
  int width = 100;
};

struct Command {
  std::string_view name, summary;
  std::string_view description;  ///< paragraphs and examples for --help
  std::span<const Positional> positionals;
  std::span<const Option> options;
  int (*run)(const Values&, Context&);
  std::string_view usage = {};  ///< what stands behind the name, where the rows do not say it well
};

/// The registry: commands.cpp.
std::span<const Command> commands();

}  // namespace ipw::cli
