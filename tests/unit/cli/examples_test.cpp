// SPDX-License-Identifier: Apache-2.0
// The command lines in the documents are those that the program takes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "ipw/base/error.h"
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

/// Lines of code blocks that begin with `ipw`, with what may stand before it; blocks of output are left out.
void add_examples(const fs::path& page, std::vector<Example>& out) {
  std::ifstream in(page);
  bool inside = false;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("```")) {
      inside = line == "```" && !inside;
      continue;
    }
    auto text = trim(line);
    for (const std::string_view prefix : {"$ ", "sudo ", "build/release/bin/"})
      if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    if (inside && text.starts_with("ipw "))
      out.push_back({page.filename().string() + ":" + std::to_string(number), std::string(text)});
  }
}

std::vector<Example> documented_examples() {
  std::vector<Example> out;
  const fs::path source = IPW_SOURCE_DIR;
  add_examples(source / "README.md", out);
  for (const auto& entry : fs::recursive_directory_iterator(source / "docs"))
    if (entry.path().extension() == ".md") add_examples(entry.path(), out);
  for (const auto& row : commands())
    for (const auto line : split(row.description, '\n'))
      if (trim(line).starts_with("ipw ")) out.push_back({"--help", std::string(trim(line))});
  return out;
}

/// Words up to a comment; "..." stands for options that an example leaves out.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> out;
  for (const auto word : split(line, ' ')) {
    if (word == "#") break;
    if (!word.empty() && word != "..." && word != "&") out.emplace_back(word);
  }
  return out;
}

/// Throw what the program would throw before it opens anything.
void check(const std::string& line) {
  auto words = words_of(line);
  const auto& command = require("command", commands(), words.at(1));
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

}  // namespace
}  // namespace ipw::cli
