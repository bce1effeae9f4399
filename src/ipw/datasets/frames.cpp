// SPDX-License-Identifier: Apache-2.0
// FRAMES (Krishna et al. 2024, arXiv 2409.12941): questions over several Wikipedia articles. Closed book;
// with prompt=oracle the links of the articles stand in the prompt, which is another benchmark.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

/// The links of a text that is a Python list of texts. They may hold commas and quotes of the other kind.
std::vector<std::string> links_of(std::string_view list) {
  std::vector<std::string> out;
  for (std::size_t at = list.find("http"); at != std::string_view::npos; at = list.find("http", at)) {
    const char quote = at > 0 ? list[at - 1] : '\'';
    const auto end = std::min(list.find(quote, at), list.size());
    out.emplace_back(list.substr(at, end - at));
    at = end;
  }
  return out;
}

MapRow prepare(const Setting& setting) {
  const bool oracle = setting.prompt == "oracle";
  return [=](const Row& row, Question& out) {
    const auto links = links_of(row.text_or("wiki_links", ""));
    out.question = row.text("Prompt");
    out.problem = out.question;
    if (oracle) {
      out.problem += "\n\nThese articles hold what is needed:\n";
      for (const auto& link : links) out.problem += fmt::format("- {}\n", link);
    }
    out.answer = row.text("Answer");
    out.subject = row.text_or("reasoning_types", "");
    out.metadata = dump_json({{"reasoning_types", out.subject}, {"wiki_links", links}});
    return true;
  };
}

}  // namespace

const Benchmark& frames() {
  static const Benchmark kBenchmark = {
      .id = "frames",
      .name = "FRAMES",
      .repository = "google/frames-benchmark",
      .revision = "58d9fb6330f3ab1316d1eca12e5e8ef23dcc22ef",
      .licence = "Apache-2.0",
      .scorer = "frames",
      .max_tokens = 2048,
      .configs = {{.name = "default",
                   .questions = "test.tsv",
                   .size = 824,
                   .sha256 = "4255093c93b595b5b04c7c8dde290b48ec87d72ca0fb0b760d9dd02740d669ff"}},
      .columns = {{"Prompt"},
                  {"Answer"},
                  {"reasoning_types", ColumnKind::Text, false},
                  {"wiki_links", ColumnKind::Text, false}},
      .prompts = {"official", "oracle"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
