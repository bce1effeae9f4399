// SPDX-License-Identifier: Apache-2.0
// What holds for the rows of all commands.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ipw/analysis/flops.h"
#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/registry.h"
#include "ipw/cli/command.h"
#include "ipw/cli/parser.h"
#include "ipw/execution/presets.h"

namespace ipw::cli {
namespace {

const Command& command(std::string_view name) {
  return require("command", commands(), name);
}

TEST(Commands, are_sorted_by_name) {
  EXPECT_TRUE(std::ranges::is_sorted(commands(), {}, &Command::name));
}

TEST(Commands, say_what_every_option_does) {
  for (const auto& row : commands()) {
    EXPECT_FALSE(row.summary.empty()) << row.name;
    for (const auto& option : row.options) EXPECT_TRUE(option.help.ends_with('.')) << option.name;
  }
}

TEST(Commands, C1_an_option_has_one_form_in_all_commands_and_none_is_short) {
  std::map<std::string_view, std::pair<Kind, std::string_view>> forms;
  for (const auto& row : commands())
    for (const auto& option : row.options) {
      EXPECT_TRUE(option.name.starts_with("--")) << row.name << " " << option.name;
      const std::pair form{option.kind, option.hint};
      EXPECT_EQ(forms.emplace(option.name, form).first->second, form) << row.name << " " << option.name;
    }
}

TEST(Commands, do_not_name_an_option_twice) {
  for (const auto& row : commands()) {
    std::set<std::string_view> seen;
    for (const auto& option : row.options) EXPECT_TRUE(seen.insert(option.name).second) << option.name;
  }
}

TEST(Arguments, C6_take_values_with_commas_and_equals_as_they_are) {
  const std::string arguments[] = {"--client-param", "a=1,2=3", "--client-param=b={\"x\": [1, 2]}"};
  const auto values = parse_arguments(command("profile"), arguments);
  EXPECT_EQ(values.list("--client-param"), (std::vector<std::string>{"a=1,2=3", "b={\"x\": [1, 2]}"}));
}

TEST(Arguments, two_positionals_take_one_word_each) {
  const std::string arguments[] = {"fetch", "tiny-36k"};
  const auto values = parse_arguments(command("models"), arguments);
  EXPECT_EQ(values.text("ACTION"), "fetch");
  EXPECT_EQ(values.text("NAME"), "tiny-36k");
}

TEST(Arguments, a_word_too_many_is_refused) {
  const std::string arguments[] = {"clients", "datasets"};
  EXPECT_THROW(parse_arguments(command("list"), arguments), Error);
}

TEST(Arguments, an_option_that_is_given_twice_is_refused) {
  const std::string arguments[] = {"--model", "a", "--model", "b"};
  EXPECT_THROW(parse_arguments(command("profile"), arguments), Error);
}

TEST(Arguments, words_behind_two_dashes_are_those_of_the_command_that_is_measured) {
  const std::string arguments[] = {"--repeat", "3", "--", "ls", "--json", "--", "-l", "--repeat=9"};
  const auto values = parse_arguments(command("measure"), arguments);
  EXPECT_EQ(values.list("COMMAND"), (std::vector<std::string>{"ls", "--json", "--", "-l", "--repeat=9"}));
  EXPECT_EQ(values.text("--repeat"), "3");
  EXPECT_FALSE(values.has("--json"));
  EXPECT_THROW(parse_arguments(command("measure"), std::span(arguments).first(3)), Error);
}

TEST(Presets, M42_the_model_of_every_preset_has_a_size) {
  EXPECT_TRUE(std::ranges::is_sorted(execution::presets(), {}, &execution::Preset::name));
  for (const auto& preset : execution::presets())
    EXPECT_TRUE(analysis::find_model_size(preset.model)) << preset.model;
}

TEST(Presets, are_listed_in_the_guide) {
  const auto page = read_file(IPW_SOURCE_DIR "/docs/guide/bench.md");
  for (const auto& preset : execution::presets()) {
    EXPECT_NE(page.find("`" + std::string(preset.name) + "`"), std::string::npos) << preset.name;
    EXPECT_NE(page.find(preset.model), std::string::npos) << preset.model;
  }
}

TEST(Bench, takes_what_run_takes) {
  for (const auto& option : command("run").options) {
    const auto options = command("bench").options;
    EXPECT_NE(std::ranges::find(options, option.name, &Option::name), options.end()) << option.name;
  }
}

TEST(Arguments, a_value_may_begin_with_a_dash) {
  const std::string arguments[] = {"--temperature=-1"};
  EXPECT_THROW(parse_arguments(command("profile"), arguments).number("--temperature", 0), Error);
}

}  // namespace
}  // namespace ipw::cli
