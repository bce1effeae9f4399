// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/analysis/format.h"
#include "ipw/analysis/sections.h"
#include "ipw/base/error.h"
#include "ipw/base/external_sort.h"
#include "ipw/base/text.h"

namespace ipw::analysis {
namespace {

/// The score of one query; 1 or 0, or -1 for none.
struct Scored {
  std::uint64_t question;
  std::int64_t score;
  auto operator<=>(const Scored&) const = default;
};

/// The scores of a run question by question, repeats joined, in constant memory.
class ScoresByQuestion {
 public:
  struct Item {
    std::uint64_t question;
    double sum, count;  ///< of the scores
  };
  explicit ScoresByQuestion(const RunData& run) : sorted_(run.rows.scratch()) {
    for (const auto& row : run.rows) {
      const auto s = score(row);
      sorted_.add({row.question, s ? static_cast<std::int64_t>(*s) : -1});
    }
    sorted_.sort();
    more_ = sorted_.next(ahead_);
  }
  std::optional<Item> next() {
    if (!more_) return std::nullopt;
    Item item{ahead_.question, 0, 0};
    for (; more_ && ahead_.question == item.question; more_ = sorted_.next(ahead_)) {
      if (ahead_.score < 0) continue;
      item.sum += static_cast<double>(ahead_.score);
      ++item.count;
    }
    return item;
  }

 private:
  ExternalSorter<Scored> sorted_;
  Scored ahead_{};
  bool more_ = false;
};

/// Differences of the mean scores of each question, second minus first; nothing when the runs do not hold the
/// same questions.
std::optional<stats::Moments> paired_differences(const RunData& first, const RunData& second) {
  if (first.questions != second.questions) return std::nullopt;
  ScoresByQuestion ours(first), theirs(second);
  stats::Moments differences;
  for (auto a = ours.next(), b = theirs.next(); a && b; a = ours.next(), b = theirs.next()) {
    if (a->question != b->question) return std::nullopt;
    if (a->count > 0 && b->count > 0) differences.add(b->sum / b->count - a->sum / a->count);
  }
  return differences.n() > 0 ? std::optional(differences) : std::nullopt;
}

/// Second minus first, question by question.
Figure accuracy_difference(const RunData& first, const RunData& second) {
  Figure figure;
  figure.label = "accuracy difference";
  const auto differences = paired_differences(first, second);
  figure.n = differences ? differences->n() : 0;
  figure.of = second.rows.size();
  if (!differences) {
    figure.reason = "the runs do not hold the same questions";
    return figure;
  }
  figure.value = differences->mean();
  figure.interval = stats::mean_interval(*differences);
  figure.method = "paired by question, Student's t";
  return figure;
}

Table run_table(std::span<const Efficiency> runs, std::span<const std::string> names) {
  Table table;
  table.title = "Comparison";
  table.columns = {"model",    "n",        "accuracy",  "J/query",   "W",
                   "tokens/s", "TTFT [s]", "IPJ [1/J]", "IPW [1/W]", "scope"};
  table.right_aligned = {false, true, true, true, true, true, true, true, true, false};
  table.notes = {
      "[ ] is the 95 % interval; IPJ = accuracy / mean energy, IPW = accuracy / mean power of a query"};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Efficiency& e = runs[i];
    table.rows.push_back({names[i], std::to_string(e.accuracy.n), value_text(e.accuracy, true),
                          value_text(e.joules_per_query), value_text(e.watts),
                          value_text(e.tokens_per_second), value_text(e.ttft_seconds), value_text(e.ipj),
                          value_text(e.ipw), e.ipj.scope});
    if (!e.joules_per_query.value) table.notes.push_back(names[i] + ": " + e.joules_per_query.reason);
  }
  return table;
}

Table difference_table(std::span<const RunData> runs, std::span<const std::string> names) {
  Table table;
  table.title = "Accuracy against " + names[0];
  table.columns = {"model", "difference [95 %], points", "questions", "verdict"};
  table.right_aligned = {false, true, true, false};
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const Figure d = accuracy_difference(runs[0], runs[i]);
    if (!d.value) {
      table.notes.push_back(names[i] + ": not paired, " + d.reason);
      continue;
    }
    const bool clear = d.interval && (d.interval->low > 0 || d.interval->high < 0);
    table.rows.push_back(
        {names[i], value_text(d, true), std::to_string(d.n), clear ? "different" : "not told apart"});
  }
  return table;
}

/// Energies of different scopes, or of the same scope on another machine, do not compare.
std::vector<std::string> warnings_of(std::span<const RunData> runs, std::span<const std::string> names) {
  std::vector<std::string> out;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].scope == runs[0].scope && runs[i].method == runs[0].method) continue;
    out.push_back(fmt::format("{} has energy of scope '{}' ({}), {} of '{}' ({}): they do not compare",
                              names[i], runs[i].scope, runs[i].method, names[0], runs[0].scope,
                              runs[0].method));
  }
  return out;
}

/// The name of a folder, also of "runs/a/".
std::string name_of(const std::filesystem::path& folder) {
  const auto path = folder.lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// What most locales sort by: letters and digits, whatever their case.
std::string letters_of(const std::string& name) {
  return replace_all(to_lower_ascii(slug(name)), "_", "");
}

}  // namespace

std::vector<std::filesystem::path> comparison_order(std::vector<std::filesystem::path> folders) {
  const auto letters = [](const auto& folder) { return letters_of(folder.string()); };
  if (std::ranges::is_sorted(folders, {}, [](const auto& folder) { return folder.string(); }) ||
      std::ranges::is_sorted(folders, {}, letters))
    std::ranges::stable_sort(folders, natural_less, [](const auto& folder) { return folder.string(); });
  return folders;
}

Result comparison(std::span<const RunData> runs, std::span<const std::string> names,
                  const Precision& precision) {
  std::vector<Efficiency> efficiencies;
  for (const auto& run : runs) efficiencies.push_back(efficiency_of(run, precision));
  Result result{.id = "compare"};
  result.tables = {run_table(efficiencies, names)};
  if (runs.size() > 1) result.tables.push_back(difference_table(runs, names));
  result.warnings = warnings_of(runs, names);
  Json rows = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Json figures = Json::object();
    for (const auto& f : all_figures(efficiencies[i])) figures[f.label] = to_json(f);
    if (i > 0) figures["accuracy difference"] = to_json(accuracy_difference(runs[0], runs[i]));
    rows.push_back({{"name", names[i]}, {"model", runs[i].model}, {"figures", figures}});
  }
  result.json = pretty_json(Json{{"analysis", "compare"}, {"warnings", result.warnings}, {"runs", rows}});
  return result;
}

Result compare(std::span<const std::filesystem::path> folders, const Params& options) {
  if (folders.empty()) throw Error(ErrorCode::Usage, "no run folder is given", "Name one folder or more.");
  std::vector<RunData> runs;
  for (const auto& folder : folders) runs.push_back(read_run(folder, ""));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const bool twice = std::ranges::count(runs, runs[i].model, &RunData::model) > 1;
    names.push_back(twice ? name_of(folders[i]) : runs[i].model);
  }
  return comparison(runs, names, precision_from(options));
}

}  // namespace ipw::analysis
