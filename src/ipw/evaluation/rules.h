// SPDX-License-Identifier: Apache-2.0
// The factories of the scoring rules; docs/reference/scorers.md words each rule.
#pragma once
#include <memory>

#include "ipw/evaluation/scorer.h"

namespace ipw::evaluation {

std::unique_ptr<Scorer> make_contains();
std::unique_ptr<Scorer> make_exact();
std::unique_ptr<Scorer> make_exact_case();
std::unique_ptr<Scorer> make_gaia();
std::unique_ptr<Scorer> make_gpqa();
std::unique_ptr<Scorer> make_gsm8k();
std::unique_ptr<Scorer> make_ifeval();
std::unique_ptr<Scorer> make_math();
std::unique_ptr<Scorer> make_mmlu_pro();
std::unique_ptr<Scorer> make_multiple_choice();
std::unique_ptr<Scorer> make_numeric();
std::unique_ptr<Scorer> make_regex();
std::unique_ptr<Scorer> make_supergpqa();

}  // namespace ipw::evaluation
