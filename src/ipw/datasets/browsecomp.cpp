// SPDX-License-Identifier: Apache-2.0
// BrowseComp (Wei et al. 2025, arXiv 2504.12516): questions whose short answers are hard to find. Published
// as one encrypted table; the prompt is that of its own script (github.com/openai/simple-evals).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/datasets/encoded_text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

std::string decrypted(const Row& row, std::string_view column, const std::string& canary) {
  try {
    return decrypt_with_canary(row.text(column), canary);
  } catch (const Error& error) {
    row.fail(fmt::format("column '{}': {}", column, error.what()));
  }
}

MapRow prepare(const Setting&) {
  return [](const Row& row, Question& out) {
    const auto canary = row.text("canary");
    out.question = decrypted(row, "problem", canary);
    out.problem = out.question + std::string(kAnswerWithConfidence);
    out.answer = decrypted(row, "answer", canary);
    out.subject = row.text_or("problem_topic", "");
    out.metadata = dump_json({{"canary", canary}});
    return true;
  };
}

}  // namespace

const Benchmark& browsecomp() {
  static const Benchmark kBenchmark = {
      .id = "browsecomp",
      .name = "BrowseComp",
      .repository = "openai/browsecomp",
      .licence = "MIT",
      .scorer = "browsecomp",
      .max_tokens = 8192,
      .configs = {{"default", "browse_comp_test_set.csv|*.csv", {}, 1'266}},
      .columns = {{"problem"}, {"answer"}, {"canary"}, {"problem_topic", ColumnKind::Text, false}},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
