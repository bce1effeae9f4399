// SPDX-License-Identifier: Apache-2.0
// Small runs for tests, built from records through the collector.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ipw/analysis/run.h"

namespace ipw::analysis {

/// A right answer of 10 J in 2 s: 5 W, 20 tokens in, 40 out, TTFT 0.5 s.
inline records::QueryRecord answered(std::int64_t index, bool correct, double joules = 10,
                                     double seconds = 2) {
  records::QueryRecord r;
  r.index = index;
  r.query_id = "q" + std::to_string(index);
  r.problem = "question " + std::to_string(index);
  r.subject = index % 2 == 0 ? "even" : "odd";
  r.latency.total_seconds = seconds;
  r.latency.ttft_seconds = 0.5;
  r.tokens.input = 20;
  r.tokens.output = 40;
  records::DomainEnergy gpu;
  gpu.domain = "gpu-0";
  gpu.scope = "accelerator";
  gpu.method = "counter";
  gpu.joules = joules;
  gpu.coverage = 1;
  r.energy.push_back(gpu);
  r.evaluation.emplace();
  r.evaluation->correct = correct;
  r.evaluation->scorer = "choice";
  r.evaluation->extracted = "A";
  return r;
}

inline records::QueryRecord failed(std::int64_t index) {
  auto r = answered(index, false, 1, 0.2);
  r.failure.emplace();
  r.failure->kind = "timeout";
  r.evaluation.reset();
  return r;
}

inline records::QueryRecord unscored(std::int64_t index, std::string reason) {
  auto r = answered(index, false);
  r.evaluation->correct.reset();
  r.evaluation->reason = std::move(reason);
  return r;
}

inline RunData run_of(const std::vector<records::QueryRecord>& records, std::string model = "tiny") {
  Collector collector;
  for (const auto& record : records) collector.add(record);
  return std::move(collector).finish(std::move(model));
}

/// `correct` of `n` right, energies from 8 to 12 J.
inline std::vector<records::QueryRecord> mixed(int n, int correct) {
  std::vector<records::QueryRecord> out;
  for (int i = 0; i < n; ++i) out.push_back(answered(i, i < correct, 8 + i % 5, 1 + 0.25 * (i % 3)));
  return out;
}

}  // namespace ipw::analysis
