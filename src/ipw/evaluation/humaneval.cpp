// SPDX-License-Identifier: Apache-2.0
// HumanEval: the completed function has to pass the problem's own check (github.com/openai/human-eval). A
// response is either a bare continuation of the prompt, as the benchmark was made for, or a chat answer with
// the function in a block.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/code_graders.h"
#include "ipw/evaluation/code_text.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

/// Printed behind the last assertion: a program that ends itself before is no pass.
constexpr std::string_view kPassed = "ipw: every assertion of the check has held";

struct Problem {
  std::string prompt, test, entry_point;
};

std::optional<Problem> read_problem(std::string_view metadata) {
  const auto json = parse_json(metadata);
  if (!json || !json->is_object()) return std::nullopt;
  Problem out;
  for (const auto& [key, to] :
       {std::pair{"prompt", &out.prompt}, {"test", &out.test}, {"entry_point", &out.entry_point}}) {
    if (!json->contains(key) || !(*json)[key].is_string()) return std::nullopt;
    *to = (*json)[key];
  }
  return out;
}

/// The code of a response: the last block that defines the function, else the last block, else all of it.
std::string_view code_of(std::string_view response, const Problem& problem) {
  const auto text = without_reasoning(response);
  const auto blocks = fenced_blocks(text);
  if (blocks.empty()) return text;
  const auto head = "def " + problem.entry_point;
  for (auto it = blocks.rbegin(); it != blocks.rend(); ++it)
    if (it->find(head) != std::string_view::npos) return *it;
  return blocks.back();
}

/// The prompt ends within its function, after the docstring, so that a body continues it and a whole
/// definition replaces it; its imports and helpers stay. The module is not `__main__`, as in the official
/// runner.
std::string program_of(const Problem& problem, std::string_view code) {
  const bool whole = code.find("def " + problem.entry_point) != std::string_view::npos;
  return fmt::format("__name__ = 'humaneval'\n{}{}{}\n{}\ncheck({})\nprint('{}')\n", problem.prompt,
                     whole ? "\n" : "", code, problem.test, problem.entry_point, kPassed);
}

std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto line = text.rfind('\n');
  return std::string(line == std::string_view::npos ? text : text.substr(line + 1));
}

class HumanEval final : public Grader {
 public:
  Verdict grade(const Task& task, std::string_view response, const Help& help) const override {
    const auto problem = read_problem(task.metadata);
    if (!problem) return unscored("the metadata lacks prompt, test or entry_point");
    const auto code = code_of(response, *problem);
    if (code.find_first_not_of(" \t\r\n") == std::string_view::npos)
      return no_answer(task, response, "program");
    if (help.runner == nullptr)
      return unscored("no sandbox: model-written code does not run on the bare machine");
    Program program;
    program.source = program_of(*problem, code);
    return judge(task, code, help.runner->run(program));
  }

 private:
  static Verdict judge(const Task& task, std::string_view code, const ProgramEnd& end) {
    if (!end.error.empty()) return unscored("the sandbox failed: " + end.error);
    const bool passed = end.exit_status == 0 && end.output.ends_with(fmt::format("{}\n", kPassed));
    if (passed) return decided(task, true, std::string(code));
    if (!end.limit.empty())
      return decided(task, false, std::string(code), fmt::format("ended by the limit on {}", end.limit));
    return decided(task, false, std::string(code),
                   end.errors.empty() ? "it ended before the end of the check" : last_line(end.errors));
  }
};

}  // namespace

std::unique_ptr<Grader> make_humaneval() {
  return std::make_unique<HumanEval>();
}

}  // namespace ipw::evaluation
