// SPDX-License-Identifier: Apache-2.0
// How a row of anybody's table becomes a question.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/params.h"
#include "ipw/datasets/dataset.h"

namespace ipw::datasets {

/// Which columns hold what. Absent: the first recognised name that the row has
/// (docs/reference/datasets/local.md).
struct ColumnNames {
  std::optional<std::string> problem, answer, subject, id;
  std::vector<std::string> choices;  ///< one list column, or one column per option
  std::optional<std::string>
      scorer;                  ///< a rule for all rows; else the column `scorer`, else chosen by the answer
  bool append_options = true;  ///< write the options under the problem
};

/// Read problem=, answer=, subject=, id=, choices=A,B, scorer= and options=append|none.
ColumnNames column_names(const Params& params);

/// Map a row; index and a fallback for the id are the caller's. Throws Error(Format) that begins with `place`
/// when the problem or the answer is missing or the answer fits no option.
Question to_question(const Json& row, const ColumnNames& names, std::string_view place);

/// Write options under a problem, as "A. text" lines, and ask for the letter.
std::string with_options(std::string_view problem, const std::vector<std::string>& choices);

}  // namespace ipw::datasets
