// SPDX-License-Identifier: Apache-2.0
// The JSON object in what a judge wrote.
#pragma once
#include <string>
#include <string_view>

#include "ipw/base/result.h"

namespace ipw::execution {

/// Find the first JSON object in a reply (fences and text around it are dropped) that has all keys which the
/// schema requires, written on one line; or say what is at fault, in words that a judge can act on.
Result<std::string, std::string> find_reply(std::string_view reply, std::string_view schema_json);

}  // namespace ipw::execution
