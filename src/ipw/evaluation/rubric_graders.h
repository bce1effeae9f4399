// SPDX-License-Identifier: Apache-2.0
// Rules in which a judge goes through a list of criteria.
#pragma once
#include <memory>

#include "ipw/evaluation/grader.h"

namespace ipw::evaluation {

std::unique_ptr<Grader> make_deepresearchbench();
std::unique_ptr<Grader> make_gdpval();

}  // namespace ipw::evaluation
