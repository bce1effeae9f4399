// SPDX-License-Identifier: Apache-2.0
// Rules in which a judge compares a response with the reference answer.
#pragma once
#include <memory>

#include "ipw/evaluation/grader.h"

namespace ipw::evaluation {

std::unique_ptr<Grader> make_browsecomp();
std::unique_ptr<Grader> make_equivalence();
std::unique_ptr<Grader> make_frames();
std::unique_ptr<Grader> make_hle();
std::unique_ptr<Grader> make_natural_reasoning();
std::unique_ptr<Grader> make_simpleqa();

}  // namespace ipw::evaluation
