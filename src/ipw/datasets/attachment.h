// SPDX-License-Identifier: Apache-2.0
// Files that belong to a question.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>

namespace ipw::datasets {

/// What a model without tools can be shown of a file: an image as a data: URL, or text. Both are empty for
/// files of other kinds, and for texts longer than kMaxAttachedText, which would not fit into a context.
struct Attachment {
  std::string image, text;
};

inline constexpr std::size_t kMaxAttachedText = 65'536;  ///< bytes

/// Whether the ending is one of an image or a text, so that the file is worth loading.
bool can_be_shown(const std::filesystem::path& file);
/// Read a file. Throws Error(Io).
Attachment read_attachment(const std::filesystem::path& file);

}  // namespace ipw::datasets
