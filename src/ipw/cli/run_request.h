// SPDX-License-Identifier: Apache-2.0
// What `ipw profile` and `ipw run` have in common: from options to a request, from an outcome to what is
// told.
#pragma once
#include "ipw/cli/command.h"

namespace ipw::cli {

/// The request that the options make; options that a command does not have stay as they are by default.
/// Throws Error(Usage).
execution::RunRequest run_request(const Values& values);

/// The request of a run of agents. Throws Error(Usage) where agent, model or dataset is missing.
execution::RunRequest agents_request(const Values& values);

/// Complete summary.json, print it or the report, and give the exit status: 0 valid, 1 invalid, 130
/// interrupted.
int tell_run(const execution::RunOutcome& outcome, const std::string& model, const Values& values,
             const Context& context);

}  // namespace ipw::cli
