// SPDX-License-Identifier: Apache-2.0
// Comma- or tab-separated values (RFC 4180): quoted fields, doubled quotes, line breaks inside quotes, CRLF
// or LF.
#pragma once
#include <cstddef>
#include <istream>
#include <string>
#include <vector>

namespace ipw::datasets {

/// Give the records of a CSV text one after another. One thread at a time.
class CsvReader {
 public:
  /// A byte order mark at the start is skipped.
  explicit CsvReader(std::istream& in, char separator = ',');
  /// Read a record; blank lines are skipped. False at the end. Throws Error(Format) on a quote that is never
  /// closed and on text after a closing quote.
  bool next(std::vector<std::string>& fields);
  /// The line where the last record began, from 1.
  std::size_t line() const { return record_line_; }

 private:
  bool field(std::string& out);
  void quoted(std::string& out);

  std::istream& in_;
  char separator_;
  std::size_t line_ = 1, record_line_ = 0;
};

}  // namespace ipw::datasets
