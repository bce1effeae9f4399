// SPDX-License-Identifier: Apache-2.0
// ipw score: judge the answers of a run anew, or answers from elsewhere.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/judge_options.h"
#include "ipw/cli/price_option.h"
#include "ipw/execution/answers.h"
#include "ipw/execution/summary.h"
#include "ipw/stats/agreement.h"

namespace ipw::cli {
namespace {

constexpr int kInterrupted = 130;

constexpr Positional kPositionals[] = {
    {"DIR", "A run folder of ipw; without it --dataset and --answers.", false}};

constexpr Option kOptions[] = {
    {"--scorer", "NAME", "the rule of each question", "Judge by this rule; `ipw list scorers` shows them."},
    {"--dataset", "ID", "", "The benchmark whose questions were answered."},
    {"--dataset-param", "KEY=VALUE", "", "A parameter of the dataset.", Kind::List},
    {"--answers", "FILE", "",
     "Answers from elsewhere: a JSON object a line with id (the dataset's own) and response."},
    kEvalClientOption,
    kEvalBaseUrlOption,
    kEvalModelOption,
    kRubricOption,
    kPricesOption,
    {"--json", "", "", "Print the result as JSON.", Kind::Flag},
    {"--quiet", "", "", "No progress on standard error.", Kind::Flag},
};

void add_official(Json& json, const std::vector<evaluation::OfficialFigure>& figures) {
  for (const auto& figure : figures)
    json[figure.key] = figure.is_count ? Json(static_cast<std::int64_t>(figure.value)) : Json(figure.value);
}

Json to_json(const execution::AnswersOutcome& o) {
  Json subjects = Json::object();
  for (const auto& [name, count] : o.subjects)
    subjects[name] = {{"answers", count.answers}, {"correct", count.correct}};
  Json json{{"dataset", o.dataset},
            {"questions", o.questions},
            {"answers", o.counts.answers},
            {"missing", o.missing},
            {"unknown_ids", o.unknown_ids},
            {"correct", o.counts.correct},
            {"wrong", o.counts.wrong},
            {"unscored", o.counts.unscored},
            {"accuracy", o.accuracy ? Json(*o.accuracy) : Json(nullptr)},
            {"accuracy_interval_95", o.interval ? Json({o.interval->low, o.interval->high}) : Json(nullptr)},
            {"accuracy_official", nullptr},
            {"classes", o.classes},
            {"unscored_reasons", o.reasons},
            {"subjects", std::move(subjects)},
            {"judge", Json::parse(o.judge_json)}};
  add_official(json, o.official);
  return json;
}

void print(const execution::AnswersOutcome& o) {
  fmt::print("{}: {} answers to {} questions, {} without an answer, {} with an unknown id\n", o.dataset,
             o.counts.answers, o.questions, o.missing, o.unknown_ids);
  if (o.accuracy)
    fmt::print("accuracy {:.2f} % [{:.2f}, {:.2f}]: {} right, {} wrong, {} unscored\n", 100 * *o.accuracy,
               100 * o.interval->low, 100 * o.interval->high, o.counts.correct, o.counts.wrong,
               o.counts.unscored);
  for (const auto& f : o.official)
    fmt::print("  {:>8} {}\n",
               f.is_count ? fmt::format("{:.0f}", f.value) : fmt::format("{:.2f} %", 100 * f.value), f.label);
  for (const auto& [name, count] : o.classes) fmt::print("  {:>8} {}\n", count, name);
  for (const auto& [reason, count] : o.reasons) fmt::print("  {:>8} unscored: {}\n", count, reason);
}

int score_answers(const Values& values, Context& context) {
  execution::AnswersRequest request;
  request.config.dataset = values.text("--dataset").value_or("");
  request.config.dataset_params = values.params("--dataset-param");
  request.answers = values.text("--answers").value_or("");
  request.scorer = values.text("--scorer").value_or("");
  if (request.config.dataset.empty() || request.answers.empty())
    throw Error(ErrorCode::Usage, "score needs a run folder, or --dataset and --answers",
                "ipw score --dataset mmlu-pro --answers answers.jsonl");
  take_judge_options(values, request.config);
  request.config.prices = values.text("--prices").value_or("");
  execution::AnswersOutcome outcome;
  {
    Console console(values.has("--quiet"), context.err_is_terminal, context.width);
    outcome = execution::score_answers(request, context.around, console, context.stop);
  }
  if (values.has("--json"))
    fmt::print("{}", pretty_json(to_json(outcome)));
  else
    print(outcome);
  if (context.stop.stop_requested()) return kInterrupted;
  if (outcome.counts.answers > 0) return 0;
  fmt::print(stderr, "no answer has the id of a question; the ids are those of `ipw datasets sample {}`\n",
             request.config.dataset);
  return 1;
}

std::optional<stats::RaterAgreement> agreement_of(const execution::ScoreCounts& counts) {
  return stats::rater_agreement(counts.before, counts.now);
}

Json agreement_json(const execution::ScoreCounts& counts) {
  const auto found = agreement_of(counts);
  if (!found) return nullptr;
  return {{"answers", found->n},
          {"equal", found->observed},
          {"kappa", found->kappa ? Json(*found->kappa) : Json()},
          {"kappa_standard_error", found->kappa_error ? Json(*found->kappa_error) : Json()},
          {"changed", counts.changed}};
}

void print_agreement(const execution::ScoreCounts& counts) {
  constexpr std::size_t kShown = 10;
  const auto found = agreement_of(counts);
  if (!found) return;
  fmt::print("agreement with the verdicts before: {:.1f} % of {}", 100 * found->observed, found->n);
  if (found->kappa)
    fmt::print(", Cohen's kappa {:.2f} +- {:.2f}", *found->kappa, 1.96 * found->kappa_error.value_or(0));
  fmt::print("\n");
  if (counts.changed.empty()) return;
  const auto shown = std::span(counts.changed).first(std::min(kShown, counts.changed.size()));
  fmt::print("  changed: {}{}\n", fmt::join(shown, ", "),
             counts.changed.size() > kShown
                 ? fmt::format(" and {} more (--json lists them)", counts.changed.size() - kShown)
                 : "");
}

/// What summary.json keeps of it.
Json rescoring(const Values& values, Context& context, const execution::ScoreCounts& counts,
               const Json& judge) {
  const auto scorer = values.text("--scorer");
  return {{"at", static_cast<double>(unix_nanos(context.around.clock.wall())) * 1e-9},
          {"scorer", scorer ? Json(*scorer) : Json()},
          {"answers", counts.answers},
          {"correct", counts.correct},
          {"wrong", counts.wrong},
          {"unscored", counts.unscored},
          {"agreement", agreement_json(counts)},
          {"judge", judge}};
}

int score_run(const std::string& folder, const Values& values, Context& context) {
  auto config = execution::profile_config_from_json(read_json_file(folder + "/config.json"));
  take_judge_options(values, config);
  config.prices = values.text("--prices").value_or(config.prices);
  execution::ScoringTools tools(execution::judge_config(config, context.around, context.stop),
                                context.around.clock);
  execution::ScoreCounts counts;
  {
    Console console(values.has("--quiet"), context.err_is_terminal, context.width);
    records::Journal journal(folder);
    counts = execution::score_folder(folder, config, context.around, values.text("--scorer").value_or(""),
                                     tools, journal, console, context.stop);
  }
  const auto account = tools.account();
  const bool up_to_date =
      counts.answers > 0 &&
      execution::update_scores(folder, config.model, rescoring(values, context, counts, account));
  if (values.has("--json"))
    fmt::print("{}", pretty_json({{"answers", counts.answers},
                                  {"correct", counts.correct},
                                  {"wrong", counts.wrong},
                                  {"unscored", counts.unscored},
                                  {"agreement", agreement_json(counts)},
                                  {"judge", account}}));
  else if (counts.answers == 0)
    fmt::print("nothing to do: every answer has its verdict; --scorer NAME judges all of them anew\n");
  else
    fmt::print(
        "{} answers: {} right, {} wrong, {} unscored\nthe verdicts are in the journal{}; `ipw analyze {}` "
        "uses "
        "them\n",
        counts.answers, counts.correct, counts.wrong, counts.unscored,
        up_to_date ? ", the dataset and the summary" : "", folder);
  if (!values.has("--json")) print_agreement(counts);
  return context.stop.stop_requested() ? kInterrupted : 0;
}

int run(const Values& values, Context& context) {
  const auto folder = values.text("DIR");
  return folder ? score_run(*folder, values, context) : score_answers(values, context);
}

}  // namespace

const Command kScore = {"score",
                        "Judge the answers of a run again, or answers that were made elsewhere.",
                        "With a folder: the answers that have no verdict yet (their rule needs a judge or a "
                        "sandbox), or with --scorer all of them.\n"
                        "Verdicts are appended to the journal, one after another, and the analyses use the "
                        "last one of each answer; dataset and summary.json follow.\n\n"
                        "Without: each line of --answers is graded by the rule of its question. An answer "
                        "without anything that the rule can\n"
                        "read counts as wrong.\n\n"
                        "Examples:\n"
                        "  ipw score runs/profile_...\n"
                        "  ipw score runs/profile_... --scorer numeric\n"
                        "  ipw score --dataset mmlu-pro --answers answers.jsonl --json",
                        kPositionals,
                        kOptions,
                        run};

}  // namespace ipw::cli
