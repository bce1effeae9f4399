// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/records/dataset_files.h"
#include "ipw/records/dataset_row.h"
#include "ipw/records/journal_index.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

class JournalRun final : public RunReader {
 public:
  JournalRun(JournalReader reader, std::string model)
      : reader_(std::move(reader)), model_(std::move(model)) {}
  bool next(QueryRecord& record) override { return reader_.next(record); }
  const std::string& model() const override { return model_; }

 private:
  JournalReader reader_;
  std::string model_;
};

class DatasetRun final : public RunReader {
 public:
  DatasetRun(std::unique_ptr<RowReader> rows, std::string model)
      : rows_(std::move(rows)), model_(std::move(model)) {}

  bool next(QueryRecord& record) override {
    Json row;
    while (rows_->next(row)) {
      const auto index = index_++;
      // In a dataset of several models a row need not have them all.
      if (of_model(row, "model_answers").is_null() && of_model(row, "model_metrics").is_null()) continue;
      record = record_from_row(row, model_, index);
      return true;
    }
    return false;
  }

  const std::string& model() const override { return model_; }

 private:
  const Json& of_model(const Json& row, const char* column) const {
    return member(member(row, column), model_.c_str());
  }

  std::unique_ptr<RowReader> rows_;
  std::string model_;
  std::int64_t index_ = 0;
};

std::vector<std::string> models_of(const std::vector<Column>& columns) {
  for (const char* name : {"model_metrics", "model_answers"}) {
    const auto column = std::ranges::find(columns, name, &Column::name);
    if (column == columns.end() || column->children.empty()) continue;
    std::vector<std::string> models;
    for (const auto& child : column->children) models.push_back(child.name);
    return models;
  }
  return {};
}

std::string pick_model(const std::vector<std::string>& models, const std::string& wanted,
                       const fs::path& folder) {
  const auto list = fmt::format("models in it: {}", fmt::join(models, ", "));
  if (models.empty())
    throw Error(ErrorCode::Format,
                fmt::format("{} holds no model: model_metrics and model_answers are missing or empty",
                            folder.string()));
  if (!wanted.empty() && std::ranges::find(models, wanted) == models.end())
    throw Error(ErrorCode::NotFound, fmt::format("{} has no model '{}'", folder.string(), wanted), list);
  if (wanted.empty() && models.size() > 1)
    throw Error(ErrorCode::Usage, fmt::format("{} holds {} models: name one", folder.string(), models.size()),
                list);
  return wanted.empty() ? models.front() : wanted;
}

std::unique_ptr<RunReader> open_dataset(const fs::path& folder, const std::string& wanted) {
  auto rows = open_rows(folder);
  auto model = pick_model(models_of(rows->columns()), wanted, folder);
  return std::make_unique<DatasetRun>(std::move(rows), std::move(model));
}

/// A journal does not name its model: the files beside it do.
std::string model_beside_journal(const fs::path& folder, const std::string& wanted) {
  for (const auto& file : {read_config(folder), read_summary(folder)}) {
    const Json& model = member(file, "model");
    if (model.is_string()) return pick_model({model.get<std::string>()}, wanted, folder);
  }
  return wanted;
}

/// The dataset is current when the journal did not grow after it was made, or is gone.
bool dataset_is_current(const fs::path& folder) {
  if (!fs::exists(folder / "state.json")) return fs::exists(folder / "dataset_dict.json");
  if (!fs::exists(folder / kJournalName)) return true;
  const auto state = read_json_file(folder / "state.json");
  const Json& bytes = member(state, kJournalBytesKey);
  return bytes.is_number_integer() && bytes.get<std::uint64_t>() == fs::file_size(folder / kJournalName);
}

/// The dataset has no spans; the journal of an agents' run has.
bool has_spans(const fs::path& folder) {
  return fs::exists(folder / "traces.jsonl") && fs::exists(folder / kJournalName);
}

}  // namespace

std::unique_ptr<RunReader> open_run(const fs::path& folder, const std::string& model) {
  if (!fs::is_directory(folder))
    throw Error(ErrorCode::NotFound, fmt::format("{} is not a folder", folder.string()),
                "give the folder of a run");
  if (dataset_is_current(folder) && !has_spans(folder)) return open_dataset(folder, model);
  const auto journal = folder / kJournalName;
  if (!fs::exists(journal))
    throw Error(
        ErrorCode::NotFound,
        fmt::format("{} is no run folder: it has neither {} nor state.json", folder.string(), kJournalName),
        "a run folder is written by `ipw profile`, or by the original's profile command");
  JournalIndex index(folder);
  scan_journal(journal,
               [&](const Json& line, std::string_view, std::uint64_t offset) { index.add(line, offset); });
  index.sort();
  return std::make_unique<JournalRun>(JournalReader(journal, std::move(index)),
                                      model_beside_journal(folder, model));
}

}  // namespace ipw::records
