// SPDX-License-Identifier: Apache-2.0
// JSON rows as an Arrow IPC stream, in record batches of at most 1,000 rows (as Hugging Face datasets writes
// them).
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/records/arrow_internal.h"

namespace ipw::records {
namespace {

constexpr std::int64_t kBatchRows = 1000;
/// More than this ends a batch early: a column of a batch holds at most 2 GiB of text (int32 offsets), and
/// memory stays small.
constexpr std::size_t kBatchBytes = std::size_t{32} << 20;

std::shared_ptr<arrow::DataType> arrow_type(const Column& column) {
  switch (column.type) {
    case RowType::Null:
      return arrow::null();
    case RowType::Bool:
      return arrow::boolean();
    case RowType::Int64:
      return arrow::int64();
    case RowType::Double:
      return arrow::float64();
    case RowType::String:
      return arrow::utf8();
    case RowType::List:
      return arrow::list(column.children.empty() ? arrow::null() : arrow_type(column.children[0]));
    case RowType::Struct:
      break;
  }
  arrow::FieldVector fields;
  for (const auto& child : column.children) fields.push_back(arrow::field(child.name, arrow_type(child)));
  return arrow::struct_(fields);
}

/// Append JSON values to the builders of one file; counts about how many bytes they will be.
class Appender {
 public:
  explicit Appender(std::filesystem::path file) : file_(std::move(file)) {}

  void append(arrow::ArrayBuilder& builder, const Column& column, const Json& value) {
    if (column.type != RowType::Struct) bytes += 8;
    if (value.is_null() || !fits(column, value)) return check(builder.AppendNull(), file_);
    switch (column.type) {
      case RowType::Null:
        return check(builder.AppendNull(), file_);
      case RowType::Bool:
        return put<arrow::BooleanBuilder>(builder, value.get<bool>());
      case RowType::Int64:
        return put<arrow::Int64Builder>(builder, value.get<std::int64_t>());
      case RowType::Double:
        return put<arrow::DoubleBuilder>(builder, value.get<double>());
      case RowType::String:
        return append_text(builder, value);
      case RowType::List:
        return append_list(builder, column, value);
      case RowType::Struct:
        return append_struct(builder, column, value);
    }
  }

  std::size_t bytes = 0;

 private:
  template <class Builder, class Value>
  void put(arrow::ArrayBuilder& builder, const Value& value) {
    check(static_cast<Builder&>(builder).Append(value), file_);
  }

  bool fits(const Column& column, const Json& value) const {
    const bool ok = column.type == RowType::Bool     ? value.is_boolean()
                    : column.type == RowType::Int64  ? value.is_number_integer()
                    : column.type == RowType::Double ? value.is_number()
                    : column.type == RowType::List   ? value.is_array()
                    : column.type == RowType::Struct ? value.is_object()
                                                     : true;
    if (ok) return true;
    throw Error(ErrorCode::Internal, file_.string() + ": column " + column.name + " cannot hold " +
                                         value.type_name() + "; it must be widened first");
  }

  void append_text(arrow::ArrayBuilder& builder, const Json& value) {
    const std::string text =
        value.is_string() ? to_valid_utf8(value.get_ref<const std::string&>()) : dump_json(value);
    bytes += text.size();
    put<arrow::StringBuilder>(builder, text);
  }

  void append_list(arrow::ArrayBuilder& builder, const Column& column, const Json& value) {
    auto& list = static_cast<arrow::ListBuilder&>(builder);
    check(list.Append(), file_);
    static const Column kEmpty;
    const Column& element = column.children.empty() ? kEmpty : column.children[0];
    for (const auto& item : value) append(*list.value_builder(), element, item);
  }

  void append_struct(arrow::ArrayBuilder& builder, const Column& column, const Json& value) {
    auto& fields = static_cast<arrow::StructBuilder&>(builder);
    check(fields.Append(), file_);
    for (std::size_t f = 0; f < column.children.size(); ++f) {
      const auto it = value.find(column.children[f].name);
      append(*fields.child(static_cast<int>(f)), column.children[f], it == value.end() ? Json() : *it);
    }
  }

  std::filesystem::path file_;
};

class ArrowWriter final : public RowWriter {
 public:
  ArrowWriter(const std::filesystem::path& file, const std::vector<Column>& columns)
      : file_(file), root_{"row", RowType::Struct, columns}, appender_(file) {
    const auto type = arrow_type(root_);
    schema_ = arrow::schema(type->fields());
    rows_ = std::static_pointer_cast<arrow::StructBuilder>(
        std::shared_ptr<arrow::ArrayBuilder>(take(arrow::MakeBuilder(type), file_)));
    output_ = take(arrow::io::FileOutputStream::Open(file.string()), file_);
    writer_ = take(arrow::ipc::MakeStreamWriter(output_, schema_), file_);
  }

  void append(const Json& row) override {
    appender_.append(*rows_, root_, row);
    if (rows_->length() >= kBatchRows || appender_.bytes >= kBatchBytes) flush();
  }

  void close() override {
    flush();
    check(writer_->Close(), file_);
    check(output_->Close(), file_);
  }

  std::uint64_t bytes() const override {
    return static_cast<std::uint64_t>(take(output_->Tell(), file_)) + appender_.bytes;
  }

 private:
  void flush() {
    if (rows_->length() == 0) return;
    const auto array = take(rows_->Finish(), file_);
    check(writer_->WriteRecordBatch(*take(arrow::RecordBatch::FromStructArray(array), file_)), file_);
    appender_.bytes = 0;
  }

  std::filesystem::path file_;
  Column root_;
  Appender appender_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::StructBuilder> rows_;
  std::shared_ptr<arrow::io::FileOutputStream> output_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

std::unique_ptr<RowWriter> write_arrow_file(const std::filesystem::path& file,
                                            const std::vector<Column>& columns) {
  return std::make_unique<ArrowWriter>(file, columns);
}

}  // namespace ipw::records
