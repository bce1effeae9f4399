// SPDX-License-Identifier: Apache-2.0
// IFEval (Zhou et al. 2023, arXiv 2311.07911): whether each instruction of a prompt was followed, strictly
// and loosely.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/ifeval_checks.h"
#include "ipw/evaluation/python_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

using ifeval::Instruction;

bool followed(const Instruction& instruction, const std::string& response, const Json& arguments) {
  return !python::strip(response).empty() && instruction.followed(response, ifeval::Arguments(arguments));
}

std::string lines(const std::vector<std::string_view>& all, std::size_t from, std::size_t to) {
  std::string out;
  for (auto i = from; i < to; ++i) out += std::string(i > from ? "\n" : "") + std::string(all[i]);
  return std::string(python::strip(out));
}

/// The response, without its first line, its last, or both, each also without asterisks.
std::vector<std::string> loose_variants(std::string_view response) {
  const auto all = python::split(response, "\n");
  const auto n = all.size();
  std::vector<std::string> out = {std::string(response), lines(all, 1, n), lines(all, 0, n - 1),
                                  lines(all, 1, std::max<std::size_t>(1, n - 1))};
  for (std::size_t i = 0; i < 4; ++i) out.push_back(replace_all(out[i], "*", ""));
  return out;
}

struct Row {
  const Instruction& instruction;
  Json arguments;
};

/// The instructions of a task. Throws std::invalid_argument.
std::vector<Row> rows_of(const Task& task) {
  const auto metadata = parse_json(task.metadata);
  if (!metadata || !metadata->is_object() || !metadata->contains("instruction_id_list"))
    throw std::invalid_argument("the metadata has no instruction_id_list");
  const auto& ids = (*metadata)["instruction_id_list"];
  const auto arguments = metadata->value("kwargs", Json::array());
  std::vector<Row> out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = ids[i].is_string() ? ids[i].get<std::string>() : std::string();
    const auto all = ifeval::instructions();
    const auto it = std::ranges::find(all, std::string_view(id), &Instruction::id);
    if (it == all.end()) throw std::invalid_argument(fmt::format("the instruction '{}' is unknown", id));
    out.push_back({*it, i < arguments.size() && arguments[i].is_object() ? arguments[i] : Json::object()});
  }
  if (out.empty()) throw std::invalid_argument("the list of instructions is empty");
  return out;
}

Verdict verdict_of(const Task& task, std::string_view text) {
  const auto variants = loose_variants(text);
  Json strict = Json::array(), loose = Json::array();
  std::size_t held = 0, held_loosely = 0;
  for (const auto& [instruction, arguments] : rows_of(task)) {
    const bool exactly = followed(instruction, variants[0], arguments);
    const bool about =
        std::ranges::any_of(variants, [&](const auto& v) { return followed(instruction, v, arguments); });
    strict.push_back(exactly);
    loose.push_back(about);
    held += exactly ? 1 : 0;
    held_loosely += about ? 1 : 0;
  }
  const auto count = strict.size();
  auto verdict = python::strip(text).empty()
                     ? no_answer(task, text, "answer")
                     : decided(task, held == count, fmt::format("{} of {} instructions", held, count));
  verdict.score = static_cast<double>(held) / static_cast<double>(count);
  add_metadata(verdict, "prompt_level_loose", held_loosely == count);
  add_metadata(verdict, "inst_level_strict", std::move(strict));
  add_metadata(verdict, "inst_level_loose", std::move(loose));
  return verdict;
}

class IfEval final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const auto text = without_reasoning(response);
    try {
      return verdict_of(task, text);
    } catch (const std::invalid_argument& error) {
      return unscored(error.what());
    }
  }
};

}  // namespace

std::unique_ptr<Scorer> make_ifeval() {
  return std::make_unique<IfEval>();
}

}  // namespace ipw::evaluation
