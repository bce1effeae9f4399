// SPDX-License-Identifier: Apache-2.0
// What judging costs. Goals: 14,042 multiple-choice answers in 0.5 s; one mathematical answer in 50 us.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "ipw/evaluation/scorer.h"

namespace {

using namespace ipw::evaluation;

const std::string kReasoning =
    "Let me think about this step by step. The first option contradicts what the question says, and the "
    "second "
    "one holds only in a special case. We compute $3 \\cdot 4 = 12$ and compare with the given value. ";

std::string long_answer(std::string_view end) {
  std::string out;
  for (int i = 0; i < 5; ++i) out += kReasoning;
  return out + std::string(end);
}

void multiple_choice_14042_answers(benchmark::State& state) {
  constexpr std::size_t kAnswers = 14'042;
  std::vector<std::string> responses;
  for (std::size_t i = 0; i < kAnswers; ++i)
    responses.push_back(long_answer(fmt::format("The answer is ({}).", static_cast<char>('A' + i % 10))));
  const auto scorer = ipw::require<ScorerEntry>("scorer", scorers(), "multiple-choice").make();
  const std::vector<std::string> choices(10, "an option");
  const Task task{"A question?", "C", "", "stop", choices, {}};
  for (auto _ : state)
    for (const auto& response : responses) benchmark::DoNotOptimize(scorer->score(task, response));
}
BENCHMARK(multiple_choice_14042_answers)->Unit(benchmark::kMillisecond);

/// Reference and answer of each kind; the median over the kinds is what a user waits for.
constexpr std::array<std::pair<const char*, const char*>, 9> kPairs = {{
    {"420", "420"},
    {"\\frac{3}{4}", "0.75"},
    {"x^2 - 1", "(x+1)(x-1)"},
    {"\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}"},
    {"(-\\infty, 2) \\cup (3, \\infty)", "(3,\\infty)\\cup(-\\infty,2)"},
    {"\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\pi/2)"},
    {"\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}"},
    {"2x + 2y = 4", "x + y = 2"},
    {"\\text{Evelyn}", "Evelyn"},
}};

void math_answer(benchmark::State& state) {
  const auto& [reference, answer] = kPairs[static_cast<std::size_t>(state.range(0))];
  const auto scorer = ipw::require<ScorerEntry>("scorer", scorers(), "math").make();
  const auto response = long_answer(fmt::format("So the answer is $\\boxed{{{}}}$.", answer));
  const Task task{"A question?", reference, "", "stop", {}, {}};
  for (auto _ : state) benchmark::DoNotOptimize(scorer->score(task, response));
  state.SetLabel(reference);
}
BENCHMARK(math_answer)->DenseRange(0, static_cast<int>(kPairs.size()) - 1)->Unit(benchmark::kMicrosecond);

}  // namespace
