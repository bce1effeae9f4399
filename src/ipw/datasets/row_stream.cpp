// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/row_stream.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/datasets/csv.h"
#include "ipw/records/rows.h"

namespace ipw::datasets {
namespace {

namespace fs = std::filesystem;

class JsonLines final : public RowStream {
 public:
  explicit JsonLines(const fs::path& path) : path_(path), in_(path, std::ios::binary) {}

  bool next(Json& row) override {
    for (std::string line; std::getline(in_, line);) {
      ++line_;
      if (trim(line).empty()) continue;
      auto value = parse_json(line);
      if (!value) throw Error(ErrorCode::Format, fmt::format("{}: {}", place(), value.error()));
      if (!value->is_object())
        throw Error(ErrorCode::Format, fmt::format("{}: not a JSON object", place()),
                    "write one question per line, like {\"problem\": \"2+2?\", \"answer\": \"4\"}");
      row = std::move(*value);
      return true;
    }
    return false;
  }
  std::string place() const override { return fmt::format("{}:{}", path_.string(), line_); }

 private:
  fs::path path_;
  std::ifstream in_;
  std::size_t line_ = 0;
};

class CsvRows final : public RowStream {
 public:
  explicit CsvRows(const fs::path& path, char separator)
      : path_(path), in_(path, std::ios::binary), csv_(in_, separator) {
    read(header_);
  }

  bool next(Json& row) override {
    std::vector<std::string> fields;
    if (!read(fields)) return false;
    if (fields.size() != header_.size())
      throw Error(ErrorCode::Format,
                  fmt::format("{}: {} fields, but the header has {}", place(), fields.size(), header_.size()),
                  "put fields that contain commas or line breaks into double quotes");
    row = Json::object();
    for (std::size_t i = 0; i < fields.size(); ++i) row[header_[i]] = std::move(fields[i]);
    return true;
  }
  std::string place() const override { return fmt::format("{}:{}", path_.string(), csv_.line()); }

 private:
  bool read(std::vector<std::string>& fields) {
    try {
      return csv_.next(fields);
    } catch (Error& error) {
      throw error.with_context(fmt::format("reading {}", path_.string()));
    }
  }

  fs::path path_;
  std::ifstream in_;
  CsvReader csv_;
  std::vector<std::string> header_;
};

class TableRows final : public RowStream {
 public:
  explicit TableRows(const fs::path& path) : path_(path), rows_(records::open_rows(path)) {}
  bool next(Json& row) override {
    ++row_;
    return rows_->next(row);
  }
  std::string place() const override { return fmt::format("{} row {}", path_.string(), row_); }

 private:
  fs::path path_;
  std::unique_ptr<records::RowReader> rows_;
  std::size_t row_ = 0;
};

}  // namespace

std::unique_ptr<RowStream> open_row_stream(const fs::path& path) {
  if (!fs::exists(path))
    throw Error(ErrorCode::NotFound, fmt::format("there is no {}", path.string()),
                "check the parameter path=");
  const auto extension = to_lower_ascii(path.extension().string());
  const bool folder = fs::is_directory(path);
  if (!folder && (extension == ".jsonl" || extension == ".ndjson" || extension == ".json"))
    return std::make_unique<JsonLines>(path);
  if (!folder && extension == ".csv") return std::make_unique<CsvRows>(path, ',');
  if (!folder && extension == ".tsv") return std::make_unique<CsvRows>(path, '\t');
  return std::make_unique<TableRows>(path);
}

}  // namespace ipw::datasets
