// SPDX-License-Identifier: Apache-2.0
// The text of Word documents (Office Open XML, ISO/IEC 29500).
#pragma once
#include <string>
#include <string_view>

namespace ipw::tools {

/// The text of a .docx file: what word_text() says of its word/document.xml. Throws Error(Format) for bytes
/// that are no such file, are encrypted, damaged, or unpack to more than sandbox::ZipLimits allows.
std::string docx_text(std::string_view bytes);

/// The text of a word/document.xml: a line for each paragraph and each row of a table, tabs between a row's
/// cells. Deleted and moved-away text is left out, inserted text is there. Bytes that are no UTF-8 may stay.
/// Time and memory are linear in the text, however deep it nests. Throws Error(Format).
std::string word_text(std::string_view xml);

}  // namespace ipw::tools
