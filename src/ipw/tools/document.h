// SPDX-License-Identifier: Apache-2.0
// Documents that can be searched, and the JSON Lines file they come from.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace ipw::tools {

struct Document {
  std::string id;
  std::string content;        ///< UTF-8
  std::string metadata_json;  ///< one JSON object, or empty
};

/// Read one document a line: `id` (text or integer), `content` or `text`, and, where wanted, an object
/// `metadata`. Blank lines are skipped, other keys ignored. Throws Error(NotFound), and Error(Format) that
/// names the line and the key: no JSON object, a key that is missing, empty or of another type, an id that an
/// earlier line has.
std::vector<Document> read_documents(const std::filesystem::path& path);

}  // namespace ipw::tools
