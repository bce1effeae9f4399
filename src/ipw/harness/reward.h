// SPDX-License-Identifier: Apache-2.0
// The reward that a verifier of Harbor has written.
#pragma once
#include <optional>
#include <string>

#include "ipw/evaluation/scorer.h"

namespace ipw::harness {

/// Solved is a reward of 1 or more; the score is the reward, kept within 0 and 1. reward.json comes before
/// reward.txt. No file, an empty one and one without a finite number say nothing, which is unscored and not 0
/// (defect S14). Of several figures that called "reward" counts. `metadata` is JSON text, the verdict's gets
/// "rewards".
evaluation::Verdict judge_reward(const std::optional<std::string>& json,
                                 const std::optional<std::string>& text, const std::string& metadata);

}  // namespace ipw::harness
