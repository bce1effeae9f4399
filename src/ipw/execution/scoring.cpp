// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/scoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/execution/cost_account.h"
#include "ipw/execution/deliverables.h"
#include "ipw/execution/question_queue.h"
#include "ipw/execution/readings.h"
#include "ipw/execution/setup.h"
#include "ipw/execution/task_artifacts.h"
#include "ipw/execution/task_trial.h"
#include "ipw/sandbox/code_runner.h"

namespace ipw::execution {
namespace {

constexpr std::string_view kPending = "not scored yet: ";
constexpr std::size_t kAtOnce = 64;  // questions with the judge; the sandbox bounds itself

evaluation::Task task_of(const datasets::Question& question, std::string_view finish_reason) {
  evaluation::Task task{
      question.problem, question.answer, question.metadata, finish_reason, question.choices, {}, {}};
  task.question = question.question;
  return task;
}

evaluation::Verdict without_verdict(std::string reason) {
  evaluation::Verdict out;
  out.reason = std::move(reason);
  return out;
}

evaluation::Verdict grade(const evaluation::GraderEntry& row, const evaluation::Task& task,
                          std::string_view response, ScoringTools* tools) {
  const bool judge = row.needs == evaluation::Needs::Judge;
  if (tools == nullptr)
    return without_verdict(fmt::format("{}'{}' needs a {}", kPending, row.name, judge ? "judge" : "sandbox"));
  const auto access = tools->access(row.needs);
  if (!access.trouble.empty()) return without_verdict(access.trouble);
  auto verdict = row.make()->grade(task, response, access.help);
  if (judge) tools->name_rubric(verdict);
  return verdict;
}

/// The question of a record: that of the dataset, or as much of it as the record holds.
class QuestionsOfRun {
 public:
  QuestionsOfRun(const ProfileConfig& config, const Surroundings& around)
      : samples_(static_cast<std::size_t>(config.samples)) {
    try {
      dataset_ = open_dataset(config, around);
    } catch (const Error& error) {
      trouble_ = error.what();
    }
  }
  const std::string& trouble() const { return trouble_; }

  /// Records come in the order of their indices.
  datasets::Question of(const records::QueryRecord& record) {
    const auto place = place_of(record.index, samples_);
    while (dataset_ && (!at_ || at_->index < place.question)) {
      at_.emplace();
      if (!dataset_->next(*at_)) dataset_.reset();
    }
    if (dataset_ && at_->index == place.question)
      return as_sample(*at_, static_cast<std::size_t>(place.sample), samples_);
    datasets::Question out;
    out.index = record.index;
    out.id = record.query_id;
    out.problem = record.problem;
    out.answer = record.answer;
    out.metadata = record.dataset_metadata;
    out.scorer = record.evaluation ? record.evaluation->scorer : "";
    return out;
  }

 private:
  std::size_t samples_;
  std::unique_ptr<datasets::Dataset> dataset_;
  std::optional<datasets::Question> at_;
  std::string trouble_;
};

struct Waiting {
  datasets::Question question;
  std::string response, finish_reason;
  std::filesystem::path workspace;             ///< of an agent
  std::optional<records::Evaluation> last;     ///< the verdict before
  std::optional<records::Evaluation> verdict;  ///< absent when it was stopped
};

/// A handful of answers, judged at once.
class Batch {
 public:
  Batch(std::string_view scorer, ScoringTools& tools, records::Journal& journal, const std::stop_token& stop)
      : scorer_(scorer), tools_(tools), journal_(journal), stop_(stop) {}

  void judge(std::vector<Waiting>& batch) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr trouble;
    const auto work = [&] {
      for (std::size_t i = next++; i < batch.size() && !stop_.stop_requested(); i = next++) try {
          judge(batch[i], mutex);
        } catch (...) {
          const std::lock_guard lock(mutex);
          trouble = std::current_exception();
        }
    };
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(kAtOnce, batch.size()); ++i) threads.emplace_back(work);
    threads.clear();
    if (trouble) std::rethrow_exception(trouble);
  }

 private:
  /// What a rule throws is its verdict; what the journal throws is trouble.
  void judge(Waiting& w, std::mutex& mutex) {
    auto verdict = verdict_on(w);
    if (stop_.stop_requested() && !verdict.correct) return;  // the stop may be the reason
    const std::lock_guard lock(mutex);
    journal_.append_evaluation(w.question.index, verdict);
    w.verdict = std::move(verdict);
  }
  records::Evaluation verdict_on(const Waiting& w) {
    try {
      return score_answer(w.question, w.response, w.finish_reason, &tools_, scorer_, w.workspace);
    } catch (const std::exception& error) {
      return to_record(without_verdict(error.what()), scorer_.empty() ? w.question.scorer : scorer_);
    }
  }

  std::string_view scorer_;
  ScoringTools& tools_;
  records::Journal& journal_;
  const std::stop_token& stop_;
};

/// Judging anew would put "cannot be judged" in the place of the verdicts that are there.
void refuse_in_place(std::string_view rule) {
  if (is_verified_in_place(rule))
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' is verified in the task's own container while `ipw run` solves it", rule),
                "an answer alone cannot be judged by it; the verdicts of the run stay as they are");
}

bool is_unverified(const records::QueryRecord& record) {
  return record.evaluation && !record.evaluation->correct && is_verified_in_place(record.evaluation->scorer);
}

}  // namespace

void ScoreCounts::add(const records::Evaluation& verdict) {
  ++answers;
  ++(verdict.correct ? (*verdict.correct ? correct : wrong) : unscored);
}

void ScoreCounts::compare(const std::string& query_id, const std::optional<records::Evaluation>& last,
                          const records::Evaluation& verdict) {
  if (!last || !last->correct || !verdict.correct) return;
  before.push_back(*last->correct ? 1 : 0);
  now.push_back(*verdict.correct ? 1 : 0);
  if (*last->correct != *verdict.correct) changed.push_back(query_id);
}

ScoringTools::~ScoringTools() = default;

ScoringTools::Access ScoringTools::access(evaluation::Needs needs) {
  const std::lock_guard lock(mutex_);
  const bool judge = needs == evaluation::Needs::Judge;
  auto& trouble = judge ? judge_trouble_ : runner_trouble_;
  const bool there = judge ? judge_ != nullptr : runner_ != nullptr;
  if (there || !trouble.empty()) return {{judge_.get(), runner_.get()}, trouble};
  try {
    if (judge)
      judge_ = make_judge(judge_config_, clock_);
    else
      runner_ = sandbox::make_code_runner();
  } catch (const Error& error) {
    trouble = fmt::format("no {}: {}", judge ? "judge" : "sandbox", error.what());
  }
  return {{judge_.get(), runner_.get()}, trouble};
}

void ScoringTools::name_rubric(evaluation::Verdict& verdict) const {
  if (judge_config_.rubrics.empty() || verdict.metadata.empty()) return;
  auto metadata = Json::parse(verdict.metadata);
  const auto rubric = metadata.value("rubric", "");
  if (rubric.empty()) return;
  metadata["rubric"] = worded(judge_config_, rubric);
  verdict.metadata = dump_json(metadata);
}

Json ScoringTools::account() const {
  const std::lock_guard lock(mutex_);
  if (!judge_) return nullptr;
  const auto usage = judge_->usage();
  Json json{{"client", judge_config_.client},
            {"base_url", judge_config_.base_url},
            {"model", judge_config_.model},
            {"judgements", usage.judgements},
            {"cached", usage.cached},
            {"failed", usage.failed},
            {"attempts", usage.attempts},
            {"prompt_tokens", usage.prompt_tokens},
            {"completion_tokens", usage.completion_tokens}};
  json.update(judge_cost_json(judge_config_.price, usage.prompt_tokens, usage.completion_tokens));
  return json;
}

/// Throws Error.
static std::string read_rubric(const std::string& rule, const std::string& path) {
  constexpr std::size_t kLongest = std::size_t{64} << 10;
  const auto rows = evaluation::graders();
  const auto row = std::ranges::find(rows, rule, &evaluation::GraderEntry::name);
  if (row == rows.end() || row->needs != evaluation::Needs::Judge)
    throw Error(ErrorCode::Usage, fmt::format("no rule with a judge is called '{}'", rule),
                "`ipw list scorers` shows those that need a judge");
  auto text = read_file(path);
  if (trim(text).empty() || text.size() > kLongest)
    throw Error(ErrorCode::Usage, fmt::format("the rubric {} is {}", path,
                                              trim(text).empty() ? "empty" : "longer than 64 KiB"));
  return text;
}

JudgeConfig judge_config(const ProfileConfig& config, const Surroundings& around, std::stop_token stop) {
  JudgeConfig out;
  out.stop = std::move(stop);
  out.client = config.eval_client;
  out.base_url = config.eval_base_url;
  out.model = config.eval_model;
  out.api_key = config.eval_api_key;
  out.cache = around.cache_dir / "judgements.jsonl";
  out.price = find_price(config, around, out.model, out.base_url);
  for (const auto& [rule, path] : config.eval_rubrics.all()) out.rubrics[rule] = read_rubric(rule, path);
  return out;
}

records::Evaluation score_answer(const datasets::Question& question, std::string_view response,
                                 std::string_view finish_reason, ScoringTools* tools, std::string_view scorer,
                                 const std::filesystem::path& workspace) {
  const std::string name(scorer.empty() ? std::string_view(question.scorer) : scorer);
  if (name.empty()) return to_record(without_verdict("the data names no rule for this question"), name);
  auto task = task_of(question, finish_reason);
  const auto graders = evaluation::graders();
  const auto grader = std::ranges::find(graders, name, &evaluation::GraderEntry::name);
  if (grader != graders.end()) {
    std::vector<evaluation::Deliverable> files;
    if (grader->reads_deliverables && tools != nullptr) files = read_deliverables(workspace);
    task.deliverables = files;
    return to_record(grade(*grader, task, response, tools), name);
  }
  if (is_verified_in_place(name))
    return to_record(without_verdict(fmt::format(
                         "'{}' is verified in the task's own container while `ipw run` solves it; an answer "
                         "alone cannot be judged",
                         name)),
                     name);
  return to_record(require("scorer", evaluation::scorers(), name).make()->score(task, response), name);
}

bool reads_deliverables(std::string_view scorer) {
  const auto rows = evaluation::graders();
  const auto row = std::ranges::find(rows, scorer, &evaluation::GraderEntry::name);
  return row != rows.end() && row->reads_deliverables;
}

records::Evaluation to_record(const evaluation::Verdict& verdict, std::string_view scorer) {
  records::Evaluation out;
  out.scorer = scorer;
  out.correct = verdict.correct;
  out.extracted = to_valid_utf8(verdict.extracted);
  out.reason = to_valid_utf8(verdict.reason);
  out.metadata = verdict.metadata;
  out.score = verdict.score;
  return out;
}

bool pending(const records::Evaluation& evaluation) {
  return !evaluation.correct && evaluation.reason.starts_with(kPending);
}

ScoreCounts score_folder(const std::filesystem::path& folder, const ProfileConfig& config,
                         const Surroundings& around, std::string_view scorer, ScoringTools& tools,
                         records::Journal& journal, Observer& observer, const std::stop_token& stop) {
  refuse_in_place(scorer);
  ScoreCounts counts;
  std::size_t in_place = 0;
  QuestionsOfRun questions(config, around);
  if (!questions.trouble().empty())
    observer.note(fmt::format("scoring without the dataset: {}", questions.trouble()));
  const auto reader = records::open_run(folder, config.model);
  Batch judge(scorer, tools, journal, stop);
  std::vector<Waiting> batch;
  const auto flush = [&] {
    judge.judge(batch);
    for (const auto& w : batch) {
      if (!w.verdict) continue;
      counts.add(*w.verdict);
      counts.compare(w.question.id, w.last, *w.verdict);
    }
    journal.sync();
    batch.clear();
    if (counts.answers > 0) observer.stage(fmt::format("scored {} answers", counts.answers));
  };
  for (records::QueryRecord record; !stop.stop_requested() && reader->next(record);) {
    in_place += is_unverified(record) ? 1 : 0;
    if (record.failure || (scorer.empty() && record.evaluation && !pending(*record.evaluation))) continue;
    auto question = questions.of(record);
    auto workspace = workspace_of(folder, question);
    batch.push_back({std::move(question), record.response, record.finish_reason, std::move(workspace),
                     record.evaluation, std::nullopt});
    if (batch.size() >= 4 * kAtOnce) flush();
  }
  flush();
  if (scorer.empty() && in_place > 0)
    observer.note(
        fmt::format("{} tasks without a verdict are of rules that are verified in the task's own container "
                    "while `ipw run` solves them: their answers alone cannot be judged",
                    in_place));
  return counts;
}

Json score_phase(const std::filesystem::path& folder, const ProfileConfig& config, const Surroundings& around,
                 const telemetry::Source& source, ScoringTools& tools, records::Journal& journal,
                 Observer& observer, const std::stop_token& stop) {
  const Instant begin = around.clock.now();
  const auto counts = score_folder(folder, config, around, {}, tools, journal, observer, stop);
  const Instant end = around.clock.now();
  await_readings(source, end, std::chrono::seconds(2), around.clock);
  const auto joules = records::headline_energy(source.window(begin, end).energies).joules;
  return {{"answers", counts.answers},
          {"correct", counts.correct},
          {"wrong", counts.wrong},
          {"unscored", counts.unscored},
          {"seconds", to_seconds(end - begin)},
          {"joules", joules ? Json(*joules) : Json(nullptr)},
          {"judge", tools.account()}};
}

}  // namespace ipw::execution
