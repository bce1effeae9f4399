// SPDX-License-Identifier: Apache-2.0
// JSON as Python's module reads it, which takes more than the standard allows.
#pragma once
#include <string>
#include <string_view>

#include "ipw/base/json.h"

namespace ipw::agents {

/// Parse a JSON text, or say where it breaks. Infinity and numbers beyond double become the largest double,
/// NaN becomes null, and half of a surrogate pair becomes U+FFFD. More than 1000 levels are a fault. Never
/// throws; thread-safe.
Result<Json, std::string> parse_python_json(std::string_view text);

}  // namespace ipw::agents
