// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/grader.h"

#include <array>

#include "ipw/evaluation/code_graders.h"

namespace ipw::evaluation {
namespace {

constexpr std::array kGraders = {
    GraderEntry{"humaneval", "The completed function passes the problem's check, in the sandbox.",
                Needs::Sandbox, make_humaneval},
    GraderEntry{"livecodebench", "The program passes every public and private test, in the sandbox.",
                Needs::Sandbox, make_livecodebench},
};

}  // namespace

std::span<const GraderEntry> graders() {
  return kGraders;
}

}  // namespace ipw::evaluation
