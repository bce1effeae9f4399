// SPDX-License-Identifier: Apache-2.0
// Rules in which a judge compares a response with another answer, in both orders.
#pragma once
#include <memory>

#include "ipw/evaluation/grader.h"

namespace ipw::evaluation {

std::unique_ptr<Grader> make_arena_hard();
std::unique_ptr<Grader> make_wildchat();

}  // namespace ipw::evaluation
