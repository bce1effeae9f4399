// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/analysis/accuracy.h"
#include "ipw/analysis/actions.h"
#include "ipw/analysis/efficiency.h"
#include "ipw/analysis/regression.h"

namespace ipw::analysis {
namespace {

constexpr std::array kAnalyses{
    AnalysisEntry{"accuracy", "Right answers in total and by subject, with Wilson intervals", make_accuracy},
    AnalysisEntry{"actions", "Where the energy went: prefill, decode, each tool, the agent itself, idle",
                  make_actions},
    AnalysisEntry{"efficiency", "IPJ, IPW, energy, power and time of an answer, with intervals",
                  make_efficiency},
    AnalysisEntry{"regression", "Time, energy and power against tokens: five straight lines",
                  make_regression},
};
static_assert(std::ranges::is_sorted(kAnalyses, {}, &AnalysisEntry::name));

}  // namespace

std::span<const AnalysisEntry> analyses() {
  return kAnalyses;
}

}  // namespace ipw::analysis
