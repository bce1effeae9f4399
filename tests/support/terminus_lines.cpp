// SPDX-License-Identifier: Apache-2.0
// Read replies of Terminus 2: each line of standard input is a JSON object with `format` (json or xml) and
// `reply`; each line of standard output is what it says. tests/system/agents compares it with Harbor's
// parsers.
#include <fmt/core.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "ipw/agents/terminus_reply.h"
#include "ipw/base/json.h"

namespace {

using namespace ipw;

agents::TerminusReply parse(const Json& line) {
  const auto reply = line.at("reply").get<std::string>();
  return line.at("format") == "xml" ? agents::parse_terminus_xml(reply) : agents::parse_terminus_json(reply);
}

Json to_json(const agents::TerminusReply& reply) {
  Json commands = Json::array();
  for (const auto& command : reply.commands)
    commands.push_back(Json::array({command.keystrokes, command.duration.count()}));
  return {
      {"error", reply.error},       {"commands", std::move(commands)}, {"task_complete", reply.task_complete},
      {"warnings", reply.warnings}, {"analysis", reply.analysis},      {"plan", reply.plan}};
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::string text;
  for (std::size_t number = 1; std::getline(std::cin, text); ++number) {
    try {
      std::cout << dump_json(to_json(parse(Json::parse(text)))) << '\n';
    } catch (const std::exception& error) {
      fmt::print(stderr, "terminus_lines: line {}: {}\n", number, error.what());
      return 1;
    }
  }
}
