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

class Grading {
 public:
  Grading(const AnswersRequest& request, const Surroundings& around, const std::stop_token& stop)
      : request_(request),
        answers_(read_answers(request.answers)),
        dataset_(open_dataset(request.config, around)),
        tools_(judge_config(request.config, around, stop), around.clock) {
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
    if (verdict.correct) keep_for_tally(question, answer, verdict);
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
    if (judged_.size() == scored) outcome_.official = official();
    outcome_.accuracy = static_cast<double>(outcome_.counts.correct) / static_cast<double>(scored);
    outcome_.interval = stats::wilson(outcome_.counts.correct, scored);
  }

  /// Only where all answers have the rule of the first.
  void keep_for_tally(const datasets::Question& question, const Answer& answer, records::Evaluation verdict) {
    if (!tally_ && judged_.empty())
      if (const auto* row = find(evaluation::tallies(), verdict.scorer)) {
        tally_ = row->make();
        rule_ = verdict.scorer;
      }
    if (tally_ && verdict.scorer == rule_)
      judged_.emplace(answer.place, Kept{&answer.response, question.answer, std::move(verdict)});
  }

  /// In the order of the answers: the guesses of MMLU-Pro's script follow it.
  std::vector<evaluation::OfficialFigure> official() {
    for (const auto& [place, k] : judged_)
      tally_->add({*k.response, k.reference, *k.verdict.correct, k.verdict.score, k.verdict.metadata});
    return tally_->figures();
  }

  struct Kept {
    const std::string* response;
    std::string reference;
    records::Evaluation verdict;
  };

  const AnswersRequest& request_;
  Answers answers_;
  std::unique_ptr<datasets::Dataset> dataset_;
  ScoringTools tools_;
  AnswersOutcome outcome_;
  std::unique_ptr<evaluation::Tally> tally_;
  std::string rule_;                    ///< of the tally
  std::map<std::size_t, Kept> judged_;  ///< by place in the file
};

}  // namespace

AnswersOutcome score_answers(const AnswersRequest& request, const Surroundings& around, Observer& observer,
                             const std::stop_token& stop) {
  return Grading(request, around, stop).run(observer, stop);
}

}  // namespace ipw::execution
