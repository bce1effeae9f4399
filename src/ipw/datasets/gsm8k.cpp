// SPDX-License-Identifier: Apache-2.0
// GSM8K (Cobbe et al. 2021, arXiv 2110.14168). Prompts of EleutherAI/lm-evaluation-harness: `official` is
// gsm8k_cot with the eight chains of thought of Wei et al. 2022 (arXiv 2201.11903, table 20); `train` is the
// layout of gsm8k with worked solutions of the train split.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

struct Example {
  std::string_view question, answer;
};
constexpr std::array<Example, 8> kExamples = {{
    {"There are 15 trees in the grove. Grove workers will plant trees in the grove today. After they are "
     "done, there "
     "will be 21 trees. How many trees did the grove workers plant today?",
     "There are 15 trees originally. Then there were 21 trees after some more were planted. So there must "
     "have been 21 "
     "- 15 = 6. The answer is 6."},
    {"If there are 3 cars in the parking lot and 2 more cars arrive, how many cars are in the parking lot?",
     "There are originally 3 cars. 2 more cars arrive. 3 + 2 = 5. The answer is 5."},
    {"Leah had 32 chocolates and her sister had 42. If they ate 35, how many pieces do they have left in "
     "total?",
     "Originally, Leah had 32 chocolates. Her sister had 42. So in total they had 32 + 42 = 74. After eating "
     "35, they "
     "had 74 - 35 = 39. The answer is 39."},
    {"Jason had 20 lollipops. He gave Denny some lollipops. Now Jason has 12 lollipops. How many lollipops "
     "did Jason "
     "give to Denny?",
     "Jason started with 20 lollipops. Then he had 12 after giving some to Denny. So he gave Denny 20 - 12 = "
     "8. The "
     "answer is 8."},
    {"Shawn has five toys. For Christmas, he got two toys each from his mom and dad. How many toys does he "
     "have now?",
     "Shawn started with 5 toys. If he got 2 toys each from his mom and dad, then that is 4 more toys. 5 + 4 "
     "= 9. The "
     "answer is 9."},
    {"There were nine computers in the server room. Five more computers were installed each day, from monday "
     "to "
     "thursday. How many computers are now in the server room?",
     "There were originally 9 computers. For each of 4 days, 5 more computers were added. So 5 * 4 = 20 "
     "computers were "
     "added. 9 + 20 is 29. The answer is 29."},
    {"Michael had 58 golf balls. On tuesday, he lost 23 golf balls. On wednesday, he lost 2 more. How many "
     "golf balls "
     "did he have at the end of wednesday?",
     "Michael started with 58 golf balls. After losing 23 on tuesday, he had 58 - 23 = 35. After losing 2 "
     "more, he had "
     "35 - 2 = 33 golf balls. The answer is 33."},
    {"Olivia has $23. She bought five bagels for $3 each. How much money does she have left?",
     "Olivia had 23 dollars. 5 bagels for 3 dollars each will be 5 x 3 = 15 dollars. So she has 23 - 15 "
     "dollars left. 23 "
     "- 15 is 8. The answer is 8."},
}};
constexpr std::int64_t kTrainShots = 5;

std::string chains_of_thought(std::int64_t shots) {
  std::string out;
  for (const auto& [question, answer] : std::span(kExamples).first(static_cast<std::size_t>(shots)))
    out += fmt::format("Q: {}\nA: {}\n\n", question, answer);
  return out;
}

std::string worked_solutions(RowStream& rows, std::int64_t shots) {
  std::string out;
  Json values;
  for (std::int64_t i = 0; i < shots && rows.next(values); ++i) {
    const auto place = rows.place();
    const Row row(values, place);
    out += fmt::format("Question: {}\nAnswer: {}\n\n", row.text("question"), row.text("answer"));
  }
  return out;
}

/// The result behind "####".
std::string result(const Row& row) {
  const auto answer = row.text("answer");
  const auto mark = answer.rfind("####");
  if (mark == std::string::npos) row.fail("column 'answer' has no result behind \"####\"");
  return std::string(trim(std::string_view(answer).substr(mark + 4)));
}

MapRow prepare(const Setting& setting) {
  const bool is_official = setting.prompt == "official";
  const auto shots = is_official || setting.params.get("shots") ? setting.shots : kTrainShots;
  std::string before;
  if (is_official) before = chains_of_thought(shots);
  if (!is_official && shots > 0) before = worked_solutions(*setting.examples(), shots);
  return [=](const Row& row, Question& out) {
    out.question = row.text("question");
    out.problem = fmt::format(fmt::runtime(is_official ? "{}Q: {}\nA:" : "{}Question: {}\nAnswer:"), before,
                              out.question);
    out.answer = result(row);
    out.subject = "arithmetic";
    out.metadata = dump_json({{"solution", row.text("answer")}});
    return true;
  };
}

}  // namespace

const Benchmark& gsm8k() {
  static const Benchmark kBenchmark = {
      .id = "gsm8k",
      .name = "GSM8K",
      .repository = "openai/gsm8k",
      .revision = "740312add88f781978c0658806c59bc2815b9866",
      .licence = "MIT",
      .scorer = "gsm8k",
      .max_tokens = 1024,
      .configs = {{"main", "main/test-*.parquet", "main/train-*.parquet", 1'319}},
      .columns = {{"question"}, {"answer"}},
      .prompts = {"official", "train"},
      .shots = 8,
      .max_shots = 8,
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
