// SPDX-License-Identifier: Apache-2.0
// Humanity's Last Exam (Phan et al. 2025, arXiv 2501.14249). The form of the answer is that of its own script
// (github.com/centerforaisafety/hle), so that the judge finds answer and confidence.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

/// The form for questions with options; the other is kAnswerWithConfidence.
constexpr std::string_view kChoiceWithConfidence =
    "\n\nYour response should be in the following format:\nExplanation: {your explanation for your answer "
    "choice}\n"
    "Answer: {your chosen answer}\n"
    "Confidence: {your confidence score between 0% and 100% for your answer}";

MapRow prepare(const Setting& setting) {
  const bool all = setting.config.name == "all";
  const bool plain = setting.prompt == "original";
  return [=](const Row& row, Question& out) {
    const auto image = row.text_or("image", "");
    if (!image.empty() && !all) return false;
    out.id = row.text("id");
    out.question = row.text("question");
    const auto type = row.text_or("answer_type", "");
    out.problem = out.question;
    if (!plain) out.problem += type == "multipleChoice" ? kChoiceWithConfidence : kAnswerWithConfidence;
    out.answer = row.text("answer");
    out.subject = row.text_or("category", "");
    if (!image.empty()) out.images = {image};
    out.metadata = dump_json({{"answer_type", type},
                              {"raw_subject", row.text_or("raw_subject", "")},
                              {"has_image", !image.empty()}});
    return true;
  };
}

}  // namespace

const Benchmark& hle() {
  static const Benchmark kBenchmark = {
      .id = "hle",
      .name = "Humanity's Last Exam",
      .repository = "cais/hle",
      .revision = "5a81a4c7271a2a2a312b9a690f0c2fde837e4c29",
      .licence = "MIT",
      .access = Access::Gated,
      .scorer = "hle",
      .max_tokens = 8192,
      .configs = {{"text", "data/test-*.parquet"}, {"all", "data/test-*.parquet", {}, 2'500}},
      .columns = {{"id"},
                  {"question"},
                  {"answer"},
                  {"image", ColumnKind::Text, false},
                  {"answer_type", ColumnKind::Text, false},
                  {"category", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
