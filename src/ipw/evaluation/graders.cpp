// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/evaluation/code_graders.h"
#include "ipw/evaluation/grader.h"
#include "ipw/evaluation/pairwise_graders.h"
#include "ipw/evaluation/reference_graders.h"
#include "ipw/evaluation/rubric_graders.h"

namespace ipw::evaluation {
namespace {

constexpr std::array kGraders = {
    GraderEntry{"arena-hard", "Five grades against a baseline's answer, in both orders.", Needs::Judge,
                make_arena_hard},
    GraderEntry{"browsecomp", "The judge finds the reference in the final answer.", Needs::Judge,
                make_browsecomp},
    GraderEntry{"deepresearchbench", "Graded beside a reference report, by the task's weighted criteria.",
                Needs::Judge, make_deepresearchbench},
    GraderEntry{"equivalence", "The judge finds the same meaning as the reference.", Needs::Judge,
                make_equivalence},
    GraderEntry{"frames", "The judge finds the reference in the answer.", Needs::Judge, make_frames},
    GraderEntry{"gdpval", "Points of the task's rubric, criterion by criterion.", Needs::Judge, make_gdpval,
                true},
    GraderEntry{"hle", "The judge compares the final answer, and reads its confidence.", Needs::Judge,
                make_hle},
    GraderEntry{"humaneval", "The completed function passes the problem's check, in the sandbox.",
                Needs::Sandbox, make_humaneval},
    GraderEntry{"livecodebench", "The program passes every public and private test, in the sandbox.",
                Needs::Sandbox, make_livecodebench},
    GraderEntry{"natural-reasoning", "The judge compares the conclusion with the reference.", Needs::Judge,
                make_natural_reasoning},
    GraderEntry{"simpleqa", "Correct, incorrect or not attempted, by a judge.", Needs::Judge, make_simpleqa},
    GraderEntry{"wildchat", "Win, tie or loss against the reply that was given, in both orders.",
                Needs::Judge, make_wildchat},
};

}  // namespace

std::span<const GraderEntry> graders() {
  return kGraders;
}

}  // namespace ipw::evaluation
