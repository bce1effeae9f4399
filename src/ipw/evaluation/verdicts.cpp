// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/verdicts.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/text.h"

namespace ipw::evaluation {

Verdict unscored(std::string reason) {
  return {std::nullopt, {}, std::move(reason), {}};
}

Verdict decided(const Task& task, bool correct, std::string extracted, std::string reason) {
  const bool truncated = task.finish_reason == "length";
  return {correct, std::move(extracted), std::move(reason),
          truncated ? R"({"class":"parsed","truncated":true})" : R"({"class":"parsed"})"};
}

void add_metadata(Verdict& verdict, const char* key, Json value) {
  auto metadata = verdict.metadata.empty() ? Json::object() : Json::parse(verdict.metadata);
  metadata[key] = std::move(value);
  verdict.metadata = dump_json(metadata);
}

std::string_view no_answer_class(const Task& task, std::string_view response) {
  if (task.finish_reason == "length") return "truncated";
  return trim(response).empty() ? "empty" : "unparsed";
}

Verdict no_answer(const Task& task, std::string_view response, std::string_view sought) {
  const auto kind = no_answer_class(task, response);
  return {false, {}, fmt::format("{}: no {} found", kind, sought), fmt::format(R"({{"class":"{}"}})", kind)};
}

}  // namespace ipw::evaluation
