// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/analysis/estimate.h"
#include "ipw/analysis/format.h"
#include "ipw/stats/repeats.h"

namespace ipw::analysis {
namespace {

/// The scored samples of one question.
struct Group {
  struct Vote {
    std::uint64_t answer;
    std::size_t count;
    bool right;
  };
  std::size_t n = 0, right = 0;
  std::vector<Vote> votes;  ///< in the order in which the answers came

  void add(const QueryRow& row) {
    const auto value = score(row);
    if (!value) return;
    ++n;
    right += *value > 0 ? 1 : 0;
    if (row.answer == 0) return;
    const auto it = std::ranges::find(votes, row.answer, &Vote::answer);
    if (it == votes.end())
      votes.push_back({row.answer, 1, *value > 0});
    else
      ++it->count;
  }
  bool majority_is_right() const {
    const auto best = std::ranges::max_element(votes, {}, &Vote::count);  // the first of equals
    return best != votes.end() && best->right;
  }
};

class Totals {
 public:
  void add(const Group& group) {
    if (group.n == 0) return;
    const auto n = static_cast<double>(group.n), share = static_cast<double>(group.right) / n;
    means_.add(share);
    if (pass_at_.size() < group.n) pass_at_.resize(group.n);
    for (std::size_t k = 1; k <= group.n; ++k) pass_at_[k - 1].add(stats::pass_at_k(group.n, group.right, k));
    majority_right_ += group.majority_is_right() ? 1 : 0;
    voted_ += group.votes.empty() ? 0 : 1;
    if (group.n < 2) return;
    const double variance = share * (1 - share) * n / (n - 1);
    within_.add(variance);
    within_of_mean_.add(variance / n);
  }

  Samples finish() const {
    Samples out{.questions = means_.n()};
    out.mean = figure("mean accuracy", means_);
    for (std::size_t k = 0; k < pass_at_.size(); ++k)
      out.pass_at.push_back(figure(fmt::format("pass@{}", k + 1), pass_at_[k]));
    out.majority = majority();
    if (within_.n() > 0) out.within = within_.mean();
    if (means_.n() < 2) return out;
    const double observed = means_.stddev() * means_.stddev();
    if (within_.n() > 0) out.between = std::max(0.0, observed - within_of_mean_.mean());
    out.variance_of_mean = observed / static_cast<double>(means_.n());
    return out;
  }

 private:
  Figure figure(std::string label, const stats::Moments& moments) const {
    Figure out{.label = std::move(label), .n = moments.n(), .of = means_.n()};
    if (moments.n() == 0) {
      out.reason = "no question is scored";
      return out;
    }
    out.value = moments.mean();
    out.interval = stats::mean_interval(moments);
    out.method = fmt::format("Student's t over {} questions", moments.n());
    if (moments.stddev() == 0) {  // no spread to go by
      out.interval = stats::wilson_share(*out.value, static_cast<double>(moments.n()));
      out.method = fmt::format("Wilson over {} questions", moments.n());
    }
    if (out.interval) out.interval = {std::max(0.0, out.interval->low), std::min(1.0, out.interval->high)};
    return out;
  }

  Figure majority() const {
    Figure out{.label = "majority vote", .n = means_.n(), .of = means_.n()};
    if (voted_ == 0) {
      out.n = 0;
      out.reason = "the rule takes no answer out of a response";
      return out;
    }
    out.value = static_cast<double>(majority_right_) / static_cast<double>(means_.n());
    out.interval = stats::wilson(majority_right_, means_.n());
    out.method = fmt::format("Wilson over {} questions", means_.n());
    return out;
  }

  stats::Moments means_, within_, within_of_mean_;
  std::vector<stats::Moments> pass_at_;
  std::size_t majority_right_ = 0, voted_ = 0;
};

}  // namespace

std::optional<Samples> samples_of(const RunData& run) {
  Totals totals;
  Group group;
  bool any = false;
  std::uint64_t question = 0;
  std::int32_t last = -1;
  for (const auto& row : run.rows) {
    if (row.sample < 0) continue;
    if (any && (row.question != question || row.sample <= last)) {
      totals.add(group);
      group = {};
    }
    any = true;
    question = row.question;
    last = row.sample;
    group.add(row);
  }
  if (!any) return std::nullopt;
  totals.add(group);
  return totals.finish();
}

Table samples_table(const Samples& s) {
  Table table;
  table.title = "Samples of a question";
  table.columns = {"figure", "value [95 %]", "questions", "method"};
  table.right_aligned = {false, true, true, false};
  std::vector<Figure> figures{s.mean};
  for (std::size_t k = 1; k < s.pass_at.size(); k *= 2) figures.push_back(s.pass_at[k - 1]);
  if (!s.pass_at.empty()) figures.push_back(s.pass_at.back());
  figures.push_back(s.majority);
  for (const auto& f : figures) {
    table.rows.push_back({f.label, value_text(f, true), count_text(f), f.method});
    if (!f.reason.empty()) table.notes.push_back(f.label + ": " + f.reason);
  }
  if (s.between && s.within)
    table.notes.push_back(fmt::format("standard deviation between questions {}, between samples of one {}",
                                      number(std::sqrt(*s.between)), number(std::sqrt(*s.within))));
  return table;
}

Json samples_json(const Samples& s) {
  Json pass_at = Json::object();
  for (std::size_t k = 0; k < s.pass_at.size(); ++k) pass_at[std::to_string(k + 1)] = to_json(s.pass_at[k]);
  return {{"questions", s.questions},
          {"mean", to_json(s.mean)},
          {"pass_at", pass_at},
          {"majority", to_json(s.majority)},
          {"variance_between_questions", to_json(s.between)},
          {"variance_within_questions", to_json(s.within)},
          {"variance_of_mean", to_json(s.variance_of_mean)}};
}

}  // namespace ipw::analysis
