// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/csv.h"

#include <fmt/format.h>

#include "ipw/base/error.h"

namespace ipw::datasets {

CsvReader::CsvReader(std::istream& in, char separator) : in_(in), separator_(separator) {
  static constexpr int kMark[] = {0xEF, 0xBB, 0xBF};
  for (const int byte : kMark)
    if (in_.peek() == byte) in_.get();
}

void CsvReader::quoted(std::string& out) {
  const auto opened = line_;
  for (int c = in_.get(); c != EOF; c = in_.get()) {
    if (c == '"' && in_.peek() != '"') return;
    if (c == '"') in_.get();
    if (c == '\n') ++line_;
    out += static_cast<char>(c);
  }
  throw Error(ErrorCode::Format, fmt::format("line {}: a quoted field is never closed", opened));
}

/// Read one field and the separator behind it; true when another field of the record follows.
bool CsvReader::field(std::string& out) {
  out.clear();
  const bool has_quotes = in_.peek() == '"';
  if (has_quotes) {
    in_.get();
    quoted(out);
  }
  for (int c = in_.get(); c != EOF; c = in_.get()) {
    if (c == separator_) return true;
    if (c == '\r' && in_.peek() == '\n') continue;
    if (c == '\n') {
      ++line_;
      return false;
    }
    if (has_quotes) throw Error(ErrorCode::Format, fmt::format("line {}: text after a closing quote", line_));
    out += static_cast<char>(c);
  }
  return false;
}

bool CsvReader::next(std::vector<std::string>& fields) {
  while (in_.peek() != EOF) {
    fields.clear();
    record_line_ = line_;
    const bool quoted_start = in_.peek() == '"';
    for (bool more = true; more;) more = field(fields.emplace_back());
    if (fields.size() > 1 || !fields.front().empty() || quoted_start) return true;
  }
  return false;
}

}  // namespace ipw::datasets
