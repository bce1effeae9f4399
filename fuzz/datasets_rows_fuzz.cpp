// SPDX-License-Identifier: Apache-2.0
// Any bytes as a table of questions. As CSV: records are read or refused, and what is read reads the same
// again when every field is quoted. As a JSON row: it becomes a question that its scorer can use, or is
// refused.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/datasets/csv.h"
#include "ipw/datasets/question_row.h"

namespace {

using namespace ipw;
using Records = std::vector<std::vector<std::string>>;

Records read_csv(const std::string& text) {
  std::istringstream in(text);
  datasets::CsvReader reader(in);
  Records records;
  for (std::vector<std::string> fields; reader.next(fields);) records.push_back(fields);
  return records;
}

std::string write_csv(const Records& records) {
  std::string out;
  for (const auto& record : records) {
    for (std::size_t i = 0; i < record.size(); ++i)
      out += (i > 0 ? ",\"" : "\"") + replace_all(record[i], "\"", "\"\"") + '"';
    out += "\r\n";
  }
  return out;
}

void check_row(const Json& row) {
  const auto question = datasets::to_question(row, {}, "row");
  if (question.problem.empty() || question.scorer.empty() || !parse_json(question.metadata)) std::abort();
  if (question.choices.empty()) return;
  const auto letter = static_cast<std::size_t>(question.answer.at(0) - 'A');
  if (question.answer.size() != 1 || letter >= question.choices.size() || letter >= 26) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const auto records = read_csv(text);
    if (read_csv(write_csv(records)) != records) std::abort();
  } catch (const Error&) {
  }
  try {
    if (const auto row = parse_json(text); row && row->is_object()) check_row(*row);
  } catch (const Error&) {
  }
  return 0;
}
