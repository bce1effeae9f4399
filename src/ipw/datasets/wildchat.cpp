// SPDX-License-Identifier: Apache-2.0
// WildChat (Zhao et al. 2024, arXiv 2405.01470): the first message of a conversation, as its user wrote it.
// The reply that it got is the reference of the judge.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

std::string content_of(const Row& row, const Json& turn) {
  return Row(turn, row.place()).text_or("content", "");
}

/// The first message of a user and the first reply after it; false where a conversation has not both.
bool first_exchange(const Row& row, std::string& message, std::string& reply) {
  for (const auto& turn : row.list("conversation")) {
    if (!turn.is_object()) row.fail("column 'conversation' holds a turn that is no object");
    const auto role = Row(turn, row.place()).text("role");
    if (message.empty() && role == "user") message = content_of(row, turn);
    if (!message.empty() && role == "assistant") reply = content_of(row, turn);
    if (!reply.empty()) break;
  }
  return !trim(message).empty() && !trim(reply).empty();
}

MapRow prepare(const Setting& setting) {
  const bool is_official = setting.prompt == "official";
  return [=](const Row& row, Question& out) {
    if (!first_exchange(row, out.question, out.answer)) return false;
    out.problem =
        is_official ? out.question : fmt::format("Answer this message helpfully.\n\n{}", out.question);
    out.subject = row.text_or("language", "general");
    out.metadata = dump_json({{"conversation_id", row.text_or("conversation_id", "")},
                              {"language", out.subject},
                              {"source_model", row.text_or("model", "")}});
    return true;
  };
}

}  // namespace

const Benchmark& wildchat() {
  static const Benchmark kBenchmark = {
      .id = "wildchat",
      .name = "WildChat",
      .repository = "allenai/WildChat",
      .licence = "ODC-BY",
      .scorer = "wildchat",
      .max_tokens = 2048,
      .configs = {{"default", "data/train-*.parquet"}},
      .columns = {{"conversation", ColumnKind::List},
                  {"language", ColumnKind::Text, false},
                  {"model", ColumnKind::Text, false},
                  {"conversation_id", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .prepare = &prepare,
      .left_out = "no reply to the first message",
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
