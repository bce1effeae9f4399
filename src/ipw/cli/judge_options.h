// SPDX-License-Identifier: Apache-2.0
// The options that say who judges, the same for every command that scores.
#pragma once
#include "ipw/cli/command.h"

namespace ipw::cli {

inline constexpr Option kEvalClientOption = {
    "--eval-client", "ID",
    "openai",        "Client of the judge, for rules that need one; recorded in config.json.",
    Kind::Text,      "Judge"};
inline constexpr Option kEvalBaseUrlOption = {"--eval-base-url",     "URL",      "https://api.openai.com/v1",
                                              "Where the judge is.", Kind::Text, "Judge"};
inline constexpr Option kEvalModelOption = {"--eval-model",        "NAME",     "gpt-5-nano-2025-08-07",
                                            "Model of the judge.", Kind::Text, "Judge"};

inline constexpr Option kRubricOption = {
    "--rubric", "RULE=FILE",
    "ours",     "What the judge is told to judge by, in place of our wording; recorded with the verdicts.",
    Kind::List, "Judge"};

/// Take them over where they were given; the key comes from IPW_EVAL_API_KEY, else OPENAI_API_KEY.
void take_judge_options(const Values& values, execution::ProfileConfig& config);

}  // namespace ipw::cli
