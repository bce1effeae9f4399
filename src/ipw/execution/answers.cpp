// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/answers.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/execution/setup.h"

namespace ipw::execution {
namespace {

struct Answer {
  std::string response, finish_reason;
  std::size_t place = 0;  ///< in the file
  bool used = false;
};
using Answers = std::unordered_map<std::string, Answer>;

std::string id_of(const Json& json) {
  if (json["id"].is_string()) return json["id"];
  return json["id"].is_number_integer() ? json["id"].dump() : "";
}

Answers read_answers(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw Error(ErrorCode::NotFound, fmt::format("{} cannot be read", path.string()));
  Answers out;
  std::size_t number = 0;
  const auto fail = [&](std::string_view what) {
    throw Error(ErrorCode::Format, fmt::format("{}:{}: {}", path.string(), number, what),
                R"(a line is an object like {"id": "70", "response": "The answer is (B)."})");
  };
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (trim(line).empty()) continue;
    const auto json = parse_json(line);
    if (!json || !json->is_object()) fail(json ? "no JSON object" : json.error());
    const auto id = json->contains("id") ? id_of(*json) : "";
    if (id.empty() || !json->contains("response") || !(*json)["response"].is_string())
      fail("'id' or 'response' is missing or no text");
    if (!out.emplace(id, Answer{(*json)["response"], json->value("finish_reason", ""), number}).second)
      fail(fmt::format("the id '{}' comes twice", id));
  }
  return out;
}

std::string class_of(const records::Evaluation& verdict) {
  const auto metadata = parse_json(verdict.metadata);
  return metadata && metadata->is_object() ? metadata->value("class", "") : "";
}

constexpr std::string_view kMmluPro = "mmlu-pro";

class Grading {
 public:
  Grading(const AnswersRequest& request, const Surroundings& around)
      : request_(request),
        answers_(read_answers(request.answers)),
        dataset_(open_dataset(request.config, around)),
        tools_(judge_config(request.config, around), around.clock) {
    outcome_.dataset = dataset_->info().id;
  }

  AnswersOutcome run(Observer& observer, const std::stop_token& stop) {
    constexpr std::size_t kTellEvery = 1000;
    for (datasets::Question question; !stop.stop_requested() && dataset_->next(question); question = {}) {
      if (++outcome_.questions % kTellEvery == 0)
        observer.stage(fmt::format("{} questions read", outcome_.questions));
      const auto it = answers_.find(question.id);
      if (it == answers_.end())
        ++outcome_.missing;
      else
        judge(question, it->second);
    }
    for (const auto& [id, answer] : answers_) outcome_.unknown_ids += answer.used ? 0 : 1;
    finish();
    return std::move(outcome_);
  }

 private:
  void judge(const datasets::Question& question, Answer& answer) {
    answer.used = true;
    const auto verdict =
        score_answer(question, answer.response, answer.finish_reason, &tools_, request_.scorer);
    outcome_.counts.add(verdict);
    if (verdict.scorer == kMmluPro && verdict.correct)
      official_.emplace(answer.place, std::pair(answer.response, question.answer.front()));
    if (!verdict.correct) ++outcome_.reasons[verdict.reason];
    if (const auto name = class_of(verdict); !name.empty()) ++outcome_.classes[name];
    auto& subject = outcome_.subjects[question.subject];
    ++subject.answers;
    subject.correct += verdict.correct.value_or(false) ? 1 : 0;
  }

  void finish() {
    const auto scored = outcome_.counts.correct + outcome_.counts.wrong;
    outcome_.judge_json = dump_json(tools_.account());
    if (scored == 0) return;
    if (official_.size() == scored) outcome_.official = official();
    outcome_.accuracy = static_cast<double>(outcome_.counts.correct) / static_cast<double>(scored);
    outcome_.interval = stats::wilson(outcome_.counts.correct, scored);
  }

  /// The guesses of MMLU-Pro's script follow the order of the answers.
  std::optional<evaluation::MmluProTally::Result> official() const {
    evaluation::MmluProTally tally;
    for (const auto& [place, answer] : official_) tally.add(answer.first, answer.second);
    return tally.result();
  }

  const AnswersRequest& request_;
  Answers answers_;
  std::unique_ptr<datasets::Dataset> dataset_;
  ScoringTools tools_;
  AnswersOutcome outcome_;
  std::map<std::size_t, std::pair<std::string, char>>
      official_;  ///< response and reference by place in the file
};

}  // namespace

AnswersOutcome score_answers(const AnswersRequest& request, const Surroundings& around, Observer& observer,
                             const std::stop_token& stop) {
  return Grading(request, around).run(observer, stop);
}

}  // namespace ipw::execution
