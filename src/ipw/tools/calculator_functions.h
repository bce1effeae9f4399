// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/tools/number.h"

namespace ipw::tools {

/// Call a function of the calculator. Throws CalculatorError for an unknown name, a wrong number of arguments
/// and arguments it has no value for.
Number call_function(std::string_view name, const std::vector<Number>& arguments);
/// pi, e, tau, or nothing.
std::optional<double> constant(std::string_view name);
/// All names of functions, for messages.
std::string function_names();

}  // namespace ipw::tools
