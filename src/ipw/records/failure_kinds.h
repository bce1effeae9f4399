// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace ipw::records {

/// Kind of the failure of a task whose place could not be opened. That is not the model's failure: the task
/// is unscored, and not wrong (defect S11).
inline constexpr std::string_view kHarnessFailure = "harness";

}  // namespace ipw::records
