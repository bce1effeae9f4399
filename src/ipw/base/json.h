// SPDX-License-Identifier: Apache-2.0
// JSON with stable key order. Headers include this (forward declarations only); sources that touch values
// include <nlohmann/json.hpp>.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "ipw/base/result.h"

namespace ipw {

using Json = nlohmann::ordered_json;

/// Parse a JSON text, or say where it breaks. Never throws.
Result<Json, std::string> parse_json(std::string_view text);
/// Write on one line; invalid UTF-8 becomes U+FFFD, NaN and infinity become null.
std::string dump_json(const Json& value);
/// Write indented by two spaces, ending with a newline.
std::string pretty_json(const Json& value);
/// The member of an object; null where there is none, and of what is no object. Lives as long as the object.
const Json& member(const Json& object, std::string_view key);
/// Its text; empty where it is none.
std::string text_at(const Json& object, std::string_view key);
/// Read and parse a file. Throws Error(NotFound | Format) that names the file and the place.
Json read_json_file(const std::string& path);

}  // namespace ipw
