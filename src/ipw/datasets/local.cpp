// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/datasets/factories.h"
#include "ipw/datasets/question_row.h"
#include "ipw/datasets/row_stream.h"

namespace ipw::datasets {
namespace {

/// Every row of a table file is a question.
class TableDataset final : public Dataset {
 public:
  TableDataset(DatasetInfo info, const std::filesystem::path& path, ColumnNames names)
      : info_(std::move(info)), names_(std::move(names)), rows_(open_row_stream(path)) {}

  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    Json row;
    if (!rows_->next(row)) return false;
    question = to_question(row, names_, rows_->place());
    question.index = index_++;
    if (question.id.empty()) question.id = fmt::format("{}/{}", info_.id, question.index);
    return true;
  }

 private:
  DatasetInfo info_;
  ColumnNames names_;
  std::unique_ptr<RowStream> rows_;
  std::int64_t index_ = 0;
};

constexpr std::array<std::string_view, 10> kParams = {"path",       "problem",      "answer",  "subject",
                                                      "id",         "choices",      "options", "scorer",
                                                      "max_tokens", "system_prompt"};

DatasetInfo local_info(std::string_view id, const std::filesystem::path& path, const Params& params) {
  DatasetInfo info;
  info.id = id;
  info.name = path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
  info.source = path.string();
  info.licence = "unknown";
  const auto max_tokens = params.integer("max_tokens").value_or(0);
  if (max_tokens < 0 || max_tokens > 1'000'000)
    throw Error(ErrorCode::Usage, fmt::format("parameter max_tokens={} is not in 0 to 1000000", max_tokens));
  info.max_tokens = static_cast<int>(max_tokens);
  info.system_prompt = params.text("system_prompt", "");
  return info;
}

std::size_t count_rows(const std::filesystem::path& path) {
  const auto rows = open_row_stream(path);
  std::size_t count = 0;
  for (Json row; rows->next(row);) ++count;
  return count;
}

}  // namespace

std::unique_ptr<Dataset> make_local_as(std::string_view id, const DatasetOptions& options) {
  options.params.allow(fmt::format("dataset '{}'", id), kParams);
  const auto path = options.params.get("path");
  if (!path)
    throw Error(ErrorCode::Usage, fmt::format("dataset '{}' needs a file", id),
                "name it with --dataset-param path=questions.jsonl");
  return std::make_unique<TableDataset>(local_info(id, *path, options.params), *path,
                                        column_names(options.params));
}

std::unique_ptr<Dataset> make_local(const DatasetOptions& options) {
  return make_local_as("local", options);
}

std::unique_ptr<Dataset> make_ipw_mini(const DatasetOptions& options) {
  options.params.allow("dataset 'ipw-mini'", {});
  const auto path = std::filesystem::path(options.data_dir) / "ipw-mini.jsonl";
  DatasetInfo info{.id = "ipw-mini",
                   .name = "IPW Mini",
                   .size = {},
                   .source = "bundled",
                   .revision = "1",
                   .licence = "Apache-2.0",
                   .max_tokens = 32,
                   .system_prompt = {}};
  info.size = count_rows(path);
  ColumnNames names;
  names.append_options = false;  // the file holds the prompts as they are sent
  return std::make_unique<TableDataset>(std::move(info), path, std::move(names));
}

}  // namespace ipw::datasets
