// SPDX-License-Identifier: Apache-2.0
// From answers to verdicts: at once where a pure rule judges, in a phase of its own where a judge or a
// sandbox has to help.
#pragma once
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/base/json.h"
#include "ipw/datasets/dataset.h"
#include "ipw/evaluation/grader.h"
#include "ipw/execution/judge_engine.h"
#include "ipw/execution/profile.h"
#include "ipw/records/query_record.h"
#include "ipw/records/run_folder.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Judge and sandbox, made when the first answer needs them. Thread-safe.
class ScoringTools {
 public:
  ScoringTools(JudgeConfig judge, Clock& clock) : judge_config_(std::move(judge)), clock_(clock) {}
  ~ScoringTools();

  /// What a rule needs, or why it cannot be had: the same answer each time.
  struct Access {
    evaluation::Help help;
    std::string trouble;
  };
  Access access(evaluation::Needs needs);
  /// Put the name of the user's rubric, where there is one, in the place of ours.
  void name_rubric(evaluation::Verdict& verdict) const;
  /// Judgements, tokens and failures so far, null where nobody asked the judge.
  Json account() const;

 private:
  JudgeConfig judge_config_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::unique_ptr<JudgeEngine> judge_;
  std::unique_ptr<evaluation::CodeRunner> runner_;
  std::string judge_trouble_, runner_trouble_;
};

/// The judge of a run's configuration, with its price; its replies are kept in the cache folder.
JudgeConfig judge_config(const ProfileConfig& config, const Surroundings& around, std::stop_token stop = {});

/// Judge one answer by the rule of the question, or by `scorer` where it is not empty. Without tools a rule
/// that needs them leaves the answer pending(). `workspace`: where an agent has left files, for rules that
/// read them. Throws Error(Usage) for an unknown rule.
records::Evaluation score_answer(const datasets::Question& question, std::string_view response,
                                 std::string_view finish_reason, ScoringTools* tools,
                                 std::string_view scorer = {}, const std::filesystem::path& workspace = {});
/// Whether a rule judges the files that an agent leaves, too.
bool reads_deliverables(std::string_view scorer);
/// A verdict as the record keeps it.
records::Evaluation to_record(const evaluation::Verdict& verdict, std::string_view scorer);
/// Whether an answer still waits for its rule.
bool pending(const records::Evaluation& evaluation);

struct ScoreCounts {
  std::size_t answers = 0, correct = 0, wrong = 0, unscored = 0;
  std::vector<int> before, now;      ///< 1 right, 0 wrong, of the answers that had a verdict and got another
  std::vector<std::string> changed;  ///< the questions whose verdict is another one now
  void add(const records::Evaluation& verdict);
  void compare(const std::string& query_id, const std::optional<records::Evaluation>& last,
               const records::Evaluation& verdict);
};

/// Judge the answers of a run's folder that wait for it, or all of them by `scorer`, several at once; each
/// verdict is in the journal before its thread begins another, so that stopping loses none; what the judge
/// had not answered then still waits. Failed queries stay wrong. Throws Error.
ScoreCounts score_folder(const std::filesystem::path& folder, const ProfileConfig& config,
                         const Surroundings& around, std::string_view scorer, ScoringTools& tools,
                         records::Journal& journal, Observer& observer, const std::stop_token& stop);

/// The phase of scoring after a run: score_folder() with its seconds and the joules of this machine, as
/// summary.json has it. The energy is the judge's where the judge runs on this machine.
Json score_phase(const std::filesystem::path& folder, const ProfileConfig& config, const Surroundings& around,
                 const telemetry::Source& source, ScoringTools& tools, records::Journal& journal,
                 Observer& observer, const std::stop_token& stop);

}  // namespace ipw::execution
