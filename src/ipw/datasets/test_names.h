// SPDX-License-Identifier: Apache-2.0
// The lists of tests of SWE-bench and what follows it.
#pragma once
#include <string_view>

#include "ipw/datasets/columns.h"

namespace ipw::datasets {

/// A list of names, or the JSON text of one; an empty list where the column is absent. Throws Error(Format).
Json test_names(const Row& row, std::string_view column);

}  // namespace ipw::datasets
