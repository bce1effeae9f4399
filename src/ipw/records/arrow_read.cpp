// SPDX-License-Identifier: Apache-2.0
// Arrow and Parquet tables as JSON rows. One record batch is held at a time.
#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/records/arrow_internal.h"

namespace ipw::records {
namespace {

using arrow::Type;
using Path = std::filesystem::path;
constexpr std::int64_t kBatchRows = 1024;

RowType row_type(const arrow::DataType& type) {
  if (arrow::is_integer(type.id())) return RowType::Int64;
  if (arrow::is_floating(type.id())) return RowType::Double;
  switch (type.id()) {
    case Type::NA:
      return RowType::Null;
    case Type::BOOL:
      return RowType::Bool;
    case Type::STRUCT:
      return RowType::Struct;
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::MAP:
      return RowType::List;
    default:
      return RowType::String;
  }
}

Column column_of(const std::string& name, const arrow::DataType& type) {
  if (type.id() == Type::DICTIONARY)
    return column_of(name, *static_cast<const arrow::DictionaryType&>(type).value_type());
  if (type.id() == Type::EXTENSION)
    return column_of(name, *static_cast<const arrow::ExtensionType&>(type).storage_type());
  Column column{name, row_type(type), {}};
  if (column.type == RowType::Struct || column.type == RowType::List)
    for (const auto& field : type.fields())
      column.children.push_back(column_of(field->name(), *field->type()));
  return column;
}

template <class ArrayType>
auto raw(const arrow::Array& array, std::int64_t i) {
  return static_cast<const ArrayType&>(array).Value(i);
}

template <class ArrayType>
Json text(const arrow::Array& array, std::int64_t i) {
  return to_valid_utf8(static_cast<const ArrayType&>(array).GetView(i));
}

Json value_at(const arrow::Array& array, std::int64_t i);

Json struct_at(const arrow::Array& array, std::int64_t i) {
  const auto& values = static_cast<const arrow::StructArray&>(array);
  Json out = Json::object();
  for (int f = 0; f < values.num_fields(); ++f)
    out.emplace(values.struct_type()->field(f)->name(), value_at(*values.field(f), i));
  return out;
}

template <class ArrayType>
Json list_at(const arrow::Array& array, std::int64_t i) {
  const auto& lists = static_cast<const ArrayType&>(array);
  Json out = Json::array();
  for (auto at = lists.value_offset(i); at < lists.value_offset(i) + lists.value_length(i); ++at)
    out.push_back(value_at(*lists.values(), at));
  return out;
}

Json dictionary_at(const arrow::Array& array, std::int64_t i) {
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  return value_at(*encoded.dictionary(), encoded.GetValueIndex(i));
}

Json other_at(const arrow::Array& array, std::int64_t i) {
  const auto scalar = array.GetScalar(i);
  return scalar.ok() ? Json(to_valid_utf8((*scalar)->ToString())) : Json();
}

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json scalar_at(const arrow::Array& array, std::int64_t i) {
  switch (array.type_id()) {
    case Type::BOOL:
      return raw<arrow::BooleanArray>(array, i);
    case Type::INT8:
      return raw<arrow::Int8Array>(array, i);
    case Type::INT16:
      return raw<arrow::Int16Array>(array, i);
    case Type::INT32:
      return raw<arrow::Int32Array>(array, i);
    case Type::INT64:
      return raw<arrow::Int64Array>(array, i);
    case Type::UINT8:
      return raw<arrow::UInt8Array>(array, i);
    case Type::UINT16:
      return raw<arrow::UInt16Array>(array, i);
    case Type::UINT32:
      return raw<arrow::UInt32Array>(array, i);
    case Type::UINT64:
      return raw<arrow::UInt64Array>(array, i);
    case Type::FLOAT:
      return number(static_cast<double>(raw<arrow::FloatArray>(array, i)));
    case Type::DOUBLE:
      return number(raw<arrow::DoubleArray>(array, i));
    case Type::STRING:
      return text<arrow::StringArray>(array, i);
    case Type::LARGE_STRING:
      return text<arrow::LargeStringArray>(array, i);
    case Type::STRING_VIEW:
      return text<arrow::StringViewArray>(array, i);
    case Type::BINARY:
      return text<arrow::BinaryArray>(array, i);
    case Type::LARGE_BINARY:
      return text<arrow::LargeBinaryArray>(array, i);
    default:
      return other_at(array, i);
  }
}

Json value_at(const arrow::Array& array, std::int64_t i) {
  if (array.IsNull(i)) return nullptr;
  switch (array.type_id()) {
    case Type::STRUCT:
      return struct_at(array, i);
    case Type::MAP:
    case Type::LIST:
      return list_at<arrow::ListArray>(array, i);
    case Type::LARGE_LIST:
      return list_at<arrow::LargeListArray>(array, i);
    case Type::FIXED_SIZE_LIST:
      return list_at<arrow::FixedSizeListArray>(array, i);
    case Type::DICTIONARY:
      return dictionary_at(array, i);
    case Type::EXTENSION:
      return value_at(*static_cast<const arrow::ExtensionArray&>(array).storage(), i);
    default:
      return scalar_at(array, i);
  }
}

/// Read the batches of an IPC file in order; the stream reader's counterpart for files with a footer.
class FileBatches final : public arrow::RecordBatchReader {
 public:
  explicit FileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (next_ == file_->num_record_batches()) return arrow::Status::OK();
    return file_->ReadRecordBatch(next_++).Value(batch);
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

/// A batch reader together with what it reads from.
struct OpenFile {
  std::unique_ptr<parquet::arrow::FileReader> parquet;
  std::shared_ptr<arrow::RecordBatchReader> batches;
};

OpenFile open_parquet(std::shared_ptr<arrow::io::RandomAccessFile> input, const Path& file) {
  // By default the reader buffers every column chunk of the file and keeps it; here memory must stay flat.
  parquet::ReaderProperties pages;
  pages.enable_buffered_stream();
  parquet::ArrowReaderProperties batches;
  batches.set_pre_buffer(false);
  batches.set_batch_size(kBatchRows);
  parquet::arrow::FileReaderBuilder builder;
  check(builder.Open(std::move(input), pages), file);
  OpenFile out;
  check(builder.properties(batches)->Build(&out.parquet), file);
  out.batches = take(out.parquet->GetRecordBatchReader(), file);
  return out;
}

OpenFile open_file(const Path& file) {
  std::string magic(6, '\0');
  std::ifstream(file, std::ios::binary).read(magic.data(), 6);
  auto input = take(arrow::io::ReadableFile::Open(file.string()), file);
  if (magic.starts_with("PAR1")) return open_parquet(std::move(input), file);
  if (magic == "ARROW1")
    return {nullptr,
            std::make_shared<FileBatches>(take(arrow::ipc::RecordBatchFileReader::Open(input), file))};
  if (magic.starts_with("\xFF\xFF\xFF\xFF"))
    return {nullptr, take(arrow::ipc::RecordBatchStreamReader::Open(input), file)};
  throw Error(ErrorCode::Format, file.string() + " is neither an Arrow stream, an Arrow file nor Parquet");
}

class ArrowReader final : public RowReader {
 public:
  explicit ArrowReader(std::vector<Path> files) : files_(std::move(files)) {
    if (files_.empty()) return;
    open_ = open_file(files_[0]);
    for (const auto& field : open_.batches->schema()->fields())
      columns_.push_back(column_of(field->name(), *field->type()));
  }

  bool next(Json& row) override {
    while (!batch_ || row_ == batch_->num_rows())
      if (!next_batch()) return false;
    row = Json::object();
    for (int c = 0; c < batch_->num_columns(); ++c)
      row.emplace(batch_->column_name(c), value_at(*batch_->column(c), row_));
    ++row_;
    return true;
  }

  const std::vector<Column>& columns() const override { return columns_; }

 private:
  bool next_batch() {
    for (row_ = 0; file_ < files_.size(); open_ = open_file(files_[file_])) {
      check(open_.batches->ReadNext(&batch_), files_[file_]);
      if (batch_) return validated();
      if (++file_ == files_.size()) break;
    }
    return false;
  }

  /// Files come from elsewhere: offsets that point outside of their buffers must not be followed.
  bool validated() {
    check(batch_->ValidateFull(), files_[file_]);
    return true;
  }

  std::vector<Path> files_;
  std::size_t file_ = 0;
  OpenFile open_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::int64_t row_ = 0;
  std::vector<Column> columns_;
};

}  // namespace

std::unique_ptr<RowReader> open_arrow_files(const std::vector<Path>& files) {
  return std::make_unique<ArrowReader>(files);
}

}  // namespace ipw::records
