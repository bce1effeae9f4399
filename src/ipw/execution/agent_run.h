// SPDX-License-Identifier: Apache-2.0
// Agents on the tasks of a dataset, each joule and token of a task on one of its spans.
#pragma once
#include <stop_token>

#include "ipw/execution/profile.h"

namespace ipw::execution {

/// Let the agent of the configuration solve every question, `concurrency` tasks at once, its model behind a
/// proxy of its own. As profile(): run to the end or until asked to stop; the folder is finished and can be
/// resumed. Throws Error when the run cannot begin.
RunOutcome run_agents(const RunRequest& request, const Surroundings& around, Observer& observer,
                      std::stop_token stop);

}  // namespace ipw::execution
