// SPDX-License-Identifier: Apache-2.0
// Judge lines: each line of standard input is a JSON object with `scorer`, `response` and, where the rule
// reads them, `answer`, `choices`, `metadata` (an object), `question`, `finish_reason`; each line of standard
// output is its verdict. The scripts of tests/system/scoring compare these with reference implementations.
#include <fmt/core.h>

#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/evaluation/grader.h"
#include "ipw/evaluation/scorer.h"
#include "ipw/sandbox/code_runner.h"

namespace {

using namespace ipw;

/// One line and the texts that its task points into.
struct Line {
  explicit Line(const Json& json)
      : scorer(json.at("scorer")),
        response(json.at("response")),
        answer(json.value("answer", "")),
        question(json.value("question", "")),
        finish_reason(json.value("finish_reason", "stop")),
        choices(json.value("choices", std::vector<std::string>())) {
    if (json.contains("metadata")) metadata = json["metadata"].dump();
  }

  evaluation::Task task() const {
    evaluation::Task out;
    out.problem = out.question = question;
    out.answer = answer;
    out.metadata = metadata;
    out.finish_reason = finish_reason;
    out.choices = choices;
    return out;
  }

  std::string scorer, response, answer, question, finish_reason, metadata;
  std::vector<std::string> choices;
};

class Judges {
 public:
  evaluation::Verdict judge(const Line& line) {
    if (find(evaluation::scorers(), line.scorer) == nullptr) return judge_with_help(line);
    auto& scorer = scorers_[line.scorer];
    if (!scorer) scorer = find(evaluation::scorers(), line.scorer)->make();
    return scorer->score(line.task(), line.response);
  }

 private:
  evaluation::Verdict judge_with_help(const Line& line) {
    const auto& row = require("scorer", evaluation::graders(), line.scorer);
    if (row.needs == evaluation::Needs::Sandbox && !runner_) runner_ = sandbox::make_code_runner();
    return row.make()->grade(line.task(), line.response, {nullptr, runner_.get()});
  }

  std::map<std::string, std::unique_ptr<evaluation::Scorer>> scorers_;
  std::unique_ptr<evaluation::CodeRunner> runner_;
};

Json to_json(const evaluation::Verdict& verdict) {
  Json out = {{"correct", nullptr}, {"extracted", verdict.extracted}, {"reason", verdict.reason}};
  if (verdict.correct) out["correct"] = *verdict.correct;
  if (verdict.score) out["score"] = *verdict.score;
  if (!verdict.metadata.empty()) out["metadata"] = Json::parse(verdict.metadata);
  return out;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  Judges judges;
  std::string text;
  for (std::size_t number = 1; std::getline(std::cin, text); ++number) {
    try {
      std::cout << dump_json(to_json(judges.judge(Line(Json::parse(text))))) << '\n';
    } catch (const std::exception& error) {
      fmt::print(stderr, "score_lines: line {}: {}\n", number, error.what());
      return 1;
    }
  }
}
