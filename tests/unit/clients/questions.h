// SPDX-License-Identifier: Apache-2.0
// The 240 questions of the tiny models, with the greedy answers of an independent decoder.
#pragma once
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ipw/clients/client.h"

namespace ipw::clients {

struct Question {
  std::string problem, greedy;
};

inline std::vector<Question> read_questions(const std::string& model) {
  std::vector<Question> questions;
  std::ifstream file(IPW_SOURCE_DIR "/models/questions.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto row = nlohmann::json::parse(line);
    questions.push_back({row.at("problem"), row.at("greedy").at(model)});
  }
  return questions;
}

inline Request ask(const std::string& problem) {
  Request request{"", {{"user", problem}}, {}, Seconds(60)};
  request.sampling.max_tokens = 32;
  return request;
}

}  // namespace ipw::clients
