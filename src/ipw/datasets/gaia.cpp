// SPDX-License-Identifier: Apache-2.0
// GAIA (Mialon et al. 2023, arXiv 2311.12983) with the system prompt of the paper, or with the rules for a
// bare answer as the Python suite asks.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/datasets/attachment.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

constexpr std::string_view kOfficial =
    "You are a general AI assistant. I will ask you a question. Report your thoughts, and finish your answer "
    "with "
    "the following template: FINAL ANSWER: [YOUR FINAL ANSWER]. YOUR FINAL ANSWER should be a number OR as "
    "few words "
    "as possible OR a comma separated list of numbers and/or strings. If you are asked for a number, don't "
    "use comma "
    "to write your number neither use units such as $ or percent sign unless specified otherwise. If you are "
    "asked "
    "for a string, don't use articles, neither abbreviations (e.g. for cities), and write the digits in "
    "plain text "
    "unless specified otherwise. If you are asked for a comma separated list, apply the above rules "
    "depending of "
    "whether the element to be put in the list is a number or a string.";

constexpr std::string_view kBare =
    "Please answer the question below. You should:\n\n- Return only your answer, which should be a number, "
    "or a short "
    "phrase with as few words as possible, or a comma separated list of numbers and/or strings.\n- If the "
    "answer is a "
    "number, return only the number without any units unless specified otherwise.\n- If the answer is a "
    "string, don't "
    "include articles, and don't use abbreviations (e.g. for states).\n- If the answer is a comma separated "
    "list, apply "
    "the above rules to each element in the list.";

/// How a question speaks of its file.
struct File {
  std::string name, text;
  bool seen = false;  ///< it is an image of the request
};

std::string mention(const File& file) {
  if (file.name.empty()) return {};
  if (file.seen) return fmt::format("The question comes with the image {}.\n\n", file.name);
  if (!file.text.empty())
    return fmt::format("The question comes with the file {}:\n\n{}\n\n", file.name, file.text);
  return fmt::format("The question comes with the file {}, which is not shown here.\n\n", file.name);
}

std::string prompt(bool official, const File& file, const std::string& question) {
  if (official) return fmt::format("{}\n\n{}{}", kOfficial, mention(file), question);
  return fmt::format("{}\n\n{}Here is the question:\n\n{}", kBare, mention(file), question);
}

using Fetch = std::function<std::filesystem::path(const std::string& path)>;

/// The file of a row; an image goes into the question. A file that cannot be had is an error of the row:
/// without it the question is another one.
File attach(const Row& row, const Fetch& fetch, bool any_kind, Question& out) {
  File file{row.text_or("file_name", ""), {}};
  if (file.name.empty() || !fetch || !(any_kind || can_be_shown(file.name))) return file;
  const auto path = fetch(row.text_or("file_path", "2023/validation/" + file.name));
  if (!std::filesystem::exists(path)) row.fail(fmt::format("its file {} is not there", path.string()));
  if (any_kind) out.files = {path.string()};
  if (!can_be_shown(file.name)) return file;
  auto shown = read_attachment(path);
  file.seen = !shown.image.empty();
  file.text = std::move(shown.text);
  if (file.seen) out.images = {std::move(shown.image)};
  return file;
}

bool wants_files(const Params& params) {
  const auto choice = params.text("attachments", "shown");
  if (choice == "shown" || choice == "named") return choice == "shown";
  throw Error(ErrorCode::Usage, fmt::format("parameter attachments={} is neither shown nor named", choice));
}

MapRow prepare(const Setting& setting) {
  const bool official = setting.prompt == "official";
  const auto fetch = wants_files(setting.params) || setting.files ? setting.file : Fetch();
  const bool any_kind = setting.files;
  const std::string name(setting.config.name);
  const auto level_at = name.find("level");
  const std::string wanted = level_at == name.npos ? "" : name.substr(level_at + 5);
  return [=](const Row& row, Question& out) {
    const auto level = row.text_or("Level", "");
    if (!wanted.empty() && level != wanted) return false;
    out.id = row.text("task_id");
    out.question = row.text("Question");
    const auto file = attach(row, fetch, any_kind, out);
    out.problem = prompt(official, file, out.question);
    out.answer = row.text("Final answer");
    out.subject = "level_" + level;
    out.metadata = dump_json({{"level", level},
                              {"file_name", file.name},
                              {"file_shown", file.seen || !file.text.empty()},
                              {"file_path", row.text_or("file_path", "")}});
    return true;
  };
}

constexpr std::string_view kValidation = "2023/validation/metadata.parquet|2023/validation/metadata.jsonl";
constexpr std::string_view kFiles = "2023/validation/*";

}  // namespace

const Benchmark& gaia() {
  static const Benchmark kBenchmark = {
      .id = "gaia",
      .name = "GAIA",
      .repository = "gaia-benchmark/GAIA",
      .revision = "682dd723ee1e1697e00360edccf2366dc8418dd9",
      .licence = "not stated",
      .access = Access::Gated,
      .scorer = "gaia",
      .max_tokens = 4096,
      .configs = {{.name = "2023_all", .questions = kValidation, .size = 165, .files = kFiles},
                  {.name = "2023_level1", .questions = kValidation, .files = kFiles},
                  {.name = "2023_level2", .questions = kValidation, .files = kFiles},
                  {.name = "2023_level3", .questions = kValidation, .files = kFiles},
                  {.name = "2023_test",
                   .questions = "2023/test/metadata.parquet|2023/test/metadata.jsonl",
                   .files = "2023/test/*"}},
      .columns = {{"task_id"},
                  {"Question"},
                  {"Level", ColumnKind::Number, false},
                  {"Final answer"},
                  {"file_name", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .params = {"attachments"},
      .prepare = &prepare,
      .left_out = "questions of other levels",
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
