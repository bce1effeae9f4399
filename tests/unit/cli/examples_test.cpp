// SPDX-License-Identifier: Apache-2.0
// The command lines in the documents are those that the program takes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"
#include "ipw/base/text.h"
#include "ipw/cli/command.h"
#include "ipw/cli/parser.h"
#include "ipw/clients/client.h"
#include "ipw/datasets/dataset.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;

struct Example {
  std::string place, line;
};

constexpr std::string_view kSource = IPW_SOURCE_DIR;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> documents() {
  std::vector<fs::path> out = {fs::path(kSource) / "README.md", fs::path(kSource) / "CONTRIBUTING.md"};
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(kSource) / "docs"))
    if (entry.path().extension() == ".md") out.push_back(entry.path());
  return out;
}

/// Texts between backquotes on one line that begin as given: in documents, and in what the program says.
std::vector<Example> quoted(const fs::path& path, std::string_view begin) {
  std::vector<Example> out;
  const auto text = read(path);
  for (const auto line : split(text, '\n')) {
    const auto parts = split(line, '`');
    for (std::size_t i = 1; i + 1 < parts.size(); i += 2)
      if (parts[i].starts_with(begin)) out.push_back({path.filename().string(), std::string(parts[i])});
  }
  return out;
}

/// Lines of code blocks that begin with `ipw`, with what may stand before it; blocks of output are left out.
void add_examples(const fs::path& page, std::vector<Example>& out) {
  std::ifstream in(page);
  bool inside = false;
  std::string line, begun;  // a line that ends with a backslash goes on
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("```")) {
      inside = line == "```" && !inside;
      continue;
    }
    auto text = trim(line);
    for (const std::string_view prefix : {"$ ", "sudo ", "build/release/bin/"})
      if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    if (text.ends_with("\\")) {
      begun += std::string(text.substr(0, text.size() - 1)) + " ";
      continue;
    }
    const std::string whole = std::exchange(begun, {}) + std::string(text);
    text = whole;
    if (inside && text.starts_with("ipw "))
      out.push_back({page.filename().string() + ":" + std::to_string(number), std::string(text)});
  }
}

std::vector<Example> documented_examples() {
  std::vector<Example> out;
  for (const auto& page : documents()) {
    add_examples(page, out);
    std::ranges::copy(quoted(page, "ipw "), std::back_inserter(out));
  }
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(kSource) / "src"))
    if (entry.path().extension() == ".cpp")
      std::ranges::copy(quoted(entry.path(), "ipw "), std::back_inserter(out));
  for (const auto& row : commands())
    for (const auto line : split(row.description, '\n'))
      if (trim(line).starts_with("ipw ")) out.push_back({"--help", std::string(trim(line))});
  return out;
}

/// Words up to a comment or a redirection; "..." stands for options that an example leaves out. What stands
/// between single quotes is one word.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> out;
  std::string word;
  bool quoted = false;
  for (const char c : line + " ") {
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted || c != ' ') {
      word += c;
    } else {
      if (word == "#" || word.starts_with(">")) break;
      if (!word.empty() && word != "..." && word != "&") out.push_back(word);
      word.clear();
    }
  }
  return out;
}

/// Throw what the program would throw before it opens anything.
void check(const std::string& line) {
  auto words = words_of(line);
  if (words.at(1).starts_with("--") || words.back() == "--help") return;
  const auto& command = require("command", commands(), words.at(1));
  if (words.size() == 2) return;  // the name of the command
  words.erase(words.begin(), words.begin() + 2);
  const auto values = parse_arguments(command, words);
  if (const auto id = values.text("--client")) {
    SystemClock clock;
    require("client", clients::clients(), *id)
        .make(
            {values.text("--client-base-url").value_or(""), "", values.params("--client-param"), 1, &clock});
  }
  if (const auto id = values.text("--dataset")) require("dataset", datasets::datasets(), *id);
}

TEST(Examples, C6_every_documented_command_line_is_accepted) {
  const auto examples = documented_examples();
  EXPECT_GT(examples.size(), 10U);
  for (const auto& [place, line] : examples) {
    try {
      check(line);
    } catch (const Error& error) {
      ADD_FAILURE() << place << ": " << line << "\n" << error.what();
    }
  }
}

/// Options of other programs, of ./dev, and those that stand before a command.
constexpr std::string_view kOtherOptions[] = {"--3way",
                                              "--device",
                                              "--die-with-parent",
                                              "--enable-prompt-tokens-details",
                                              "--reject",
                                              "--eval-",
                                              "--gpus",
                                              "--help",
                                              "--log-level",
                                              "--recording",
                                              "--samplers",
                                              "--storage-opt",
                                              "--telemetry-interval",
                                              "--telemetry-buffer-seconds",
                                              "--max-retries",
                                              "--tests"};

bool is_option(std::string_view name, const std::string& other_programs) {
  if (std::ranges::find(kOtherOptions, name) != std::end(kOtherOptions)) return true;
  for (const auto& row : commands())
    if (std::ranges::find(row.options, name, &Option::name) != row.options.end()) return true;
  const std::string text(name);
  for (const auto& form : {'"' + text + '"', '"' + text + ',', ',' + text + '"'})
    if (other_programs.find(form) != std::string::npos) return true;
  return false;
}

TEST(Examples, C17_every_documented_option_exists) {
  const auto other_programs = read(fs::path(kSource) / "apps/ipw-monitor/options.cpp") +
                              read(fs::path(kSource) / "apps/ipw-sim/options.cpp") +
                              read(fs::path(kSource) / "src/ipw/servers/server_engines.cpp");
  for (const auto& page : documents())
    for (const auto& [place, text] : quoted(page, "--"))
      for (const auto word : split(text, ' ')) {
        if (!word.starts_with("--")) continue;
        const auto name = word.substr(0, word.find_first_not_of("-abcdefghijklmnopqrstuvwxyz"));
        EXPECT_TRUE(is_option(name, other_programs)) << place << ": " << word;
      }
}

}  // namespace
}  // namespace ipw::cli
