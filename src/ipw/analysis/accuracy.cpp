// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/analysis/efficiency.h"
#include "ipw/analysis/format.h"
#include "ipw/analysis/samples.h"
#include "ipw/stats/repeats.h"

namespace ipw::analysis {
namespace {

using Reasons = std::map<std::string, std::size_t>;

std::string reasons_text(const Reasons& reasons) {
  std::string out;
  for (const auto& [reason, count] : reasons)
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", reason, count);
  return out;
}

std::optional<double> mean_score(const RunData& run) {
  if (run.graded == 0) return std::nullopt;
  return run.score_sum / static_cast<double>(run.graded);
}

std::vector<std::string> notes_of(const RunData& run, const Counts& counts) {
  std::vector<std::string> notes{
      "accuracy = correct / (correct + wrong + failed); unscored queries are left out"};
  const auto note = [&](std::size_t count, const std::string& text) {
    if (count > 0) notes.push_back(fmt::format("{} {}", count, text));
  };
  note(counts.failed, "failed and count as wrong: " + reasons_text(run.failures));
  note(counts.unscored, "unscored: " + reasons_text(run.unscored));
  note(run.truncated, "cut off by the token limit");
  note(run.unparsed, "counted as wrong because no answer was found in the text");
  if (const auto mean = mean_score(run))
    notes.push_back(
        fmt::format("mean score {:.3f} of the {} answers whose rule is graded", *mean, run.graded));
  return notes;
}

/// Repeats of a question count as one observation, whatever they say: `share` is questions over queries.
std::vector<std::string> count_cells(std::string name, const Counts& c, double share) {
  Figure figure;
  if (c.n() > 0) {
    const auto n = static_cast<double>(c.n());
    figure.value = static_cast<double>(c.correct) / n;
    figure.interval = stats::wilson_share(*figure.value, std::max(1.0, n * share));
  }
  return {std::move(name),           value_text(figure, true), std::to_string(c.n()),
          std::to_string(c.correct), std::to_string(c.wrong),  std::to_string(c.failed),
          std::to_string(c.unscored)};
}

Json counts_json(const Counts& c) {
  return {{"correct", c.correct},
          {"incorrect", c.wrong},
          {"failed", c.failed},
          {"unevaluated", c.unscored},
          {"n", c.n()}};
}

std::optional<double> scored_only(const Counts& c) {
  if (c.correct + c.wrong == 0) return std::nullopt;
  return static_cast<double>(c.correct) / static_cast<double>(c.correct + c.wrong);
}

/// {"RULE": {"KEY": VALUE}}
Json official_json(const RunData& run) {
  Json out = Json::object();
  for (const auto& [rule, f] : run.official) out[rule][f.key] = f.value;
  return out;
}

/// The original's keys with our definitions, then ours.
Json summary_json(const RunData& run, const Accuracy& accuracy, const Efficiency& cost) {
  const Counts& c = accuracy.counts;
  Json json{{"model", run.model}};
  json.update(counts_json(c));
  json["total_scored"] = c.correct + c.wrong;
  json["accuracy"] = to_json(accuracy.total.value);
  json["intelligence_per_joule"] = to_json(cost.ipj.value);
  json["intelligence_per_watt"] = to_json(cost.ipw.value);
  json["avg_per_query_energy_joules"] = to_json(cost.joules_per_query.value);
  json["avg_per_query_power_watts"] = to_json(cost.watts.value);
  json["energy_sample_count"] = cost.joules_per_query.n;
  json["power_sample_count"] = cost.watts.n;
  json["energy_basis"] =
      run.scope.empty() ? Json(nullptr) : Json(run.scope == "accelerator" ? "gpu" : run.scope);
  json["accuracy_of_scored"] = to_json(scored_only(c));
  json["accuracy_figure"] = to_json(accuracy.total);
  json["mean_score"] = to_json(mean_score(run));
  json["graded"] = run.graded;
  json["official"] = official_json(run);
  json["truncated"] = run.truncated;
  json["unparsed"] = run.unparsed;
  json["failures"] = run.failures;
  json["unscored_reasons"] = run.unscored;
  return json;
}

Table official_table(const RunData& run) {
  Table table;
  table.title = "Figures of the benchmark";
  table.columns = {"rule", "figure", "value"};
  table.right_aligned = {false, false, true};
  for (const auto& [rule, f] : run.official)
    table.rows.push_back(
        {rule, std::string(f.label),
         f.is_count ? fmt::format("{:.0f}", f.value) : fmt::format("{:.2f} %", 100 * f.value)});
  table.notes = {
      "as the benchmark itself defines them, over the scored answers; failed queries are left out"};
  return table;
}

class AccuracyAnalysis final : public Analysis {
 public:
  Result run(const std::filesystem::path& folder, const std::string& model,
             const Params& options) const override {
    options.allow("analysis 'accuracy'", std::vector<std::string_view>{"seed", "draws"});
    return accuracy_result(read_run(folder, model), precision_from(options));
  }
};

}  // namespace

std::vector<std::string> accuracy_warnings(const RunData& run, const Counts& c) {
  std::vector<std::string> out;
  const auto warn = [&](std::size_t count, const char* text) {
    if (count > 0) out.push_back(fmt::format("{} of {} queries {}", count, run.rows.size(), text));
  };
  warn(c.failed, "failed; they count as wrong");
  warn(c.unscored, "are unscored; they are not in the accuracy");
  warn(run.truncated, "were cut off by the token limit");
  if (run.rows.empty()) out.emplace_back("the run holds no query");
  return out;
}

void Counts::add(Outcome outcome) {
  switch (outcome) {
    case Outcome::Correct:
      ++correct;
      break;
    case Outcome::Wrong:
      ++wrong;
      break;
    case Outcome::Failed:
      ++failed;
      break;
    case Outcome::Unscored:
      ++unscored;
      break;
  }
}

Accuracy accuracy_of(const RunData& run, const Precision& precision) {
  Accuracy out;
  for (const auto& name : run.subjects) out.subjects.push_back({name, {}});
  for (const auto& row : run.rows) {
    out.counts.add(row.outcome);
    out.subjects[row.subject].counts.add(row.outcome);
  }
  std::ranges::sort(out.subjects, {}, &SubjectAccuracy::subject);
  out.total = accuracy_figure(run, precision);
  return out;
}

std::vector<Table> accuracy_tables(const RunData& run, const Accuracy& accuracy) {
  Table table;
  table.title = "Accuracy";
  table.columns = {"subject", "accuracy [95 %]", "n", "correct", "wrong", "failed", "unscored"};
  table.right_aligned = {false, true, true, true, true, true, true};
  const double share =
      run.rows.empty() ? 1 : static_cast<double>(run.questions) / static_cast<double>(run.rows.size());
  if (accuracy.subjects.size() > 1) {
    for (const auto& s : accuracy.subjects) {
      table.rows.push_back(count_cells(s.subject.empty() ? "(none)" : s.subject, s.counts, share));
    }
  }
  table.rows.push_back(count_cells("all", accuracy.counts, share));
  table.rows.back()[1] = value_text(accuracy.total, true);
  table.notes = notes_of(run, accuracy.counts);
  std::vector<Table> tables{table};
  if (!run.official.empty()) tables.push_back(official_table(run));
  if (const auto samples = samples_of(run)) tables.push_back(samples_table(*samples));
  return tables;
}

Result accuracy_result(const RunData& run, const Precision& precision) {
  const Accuracy accuracy = accuracy_of(run, precision);
  const Json summary = summary_json(run, accuracy, efficiency_of(run, precision));
  Json subjects = Json::object();
  for (const auto& s : accuracy.subjects) subjects[s.subject] = counts_json(s.counts);
  Result result{.id = "accuracy", .figures = {accuracy.total}, .tables = accuracy_tables(run, accuracy)};
  result.warnings = accuracy_warnings(run, accuracy.counts);
  Json data{{"per_model", {{run.model, summary}}}, {"subjects", subjects}};
  if (const auto samples = samples_of(run)) data["samples"] = samples_json(*samples);
  const Json json{
      {"analysis", "accuracy"}, {"summary", summary}, {"warnings", result.warnings}, {"data", data}};
  result.json = pretty_json(json);
  return result;
}

std::unique_ptr<Analysis> make_accuracy() {
  return std::make_unique<AccuracyAnalysis>();
}

}  // namespace ipw::analysis
