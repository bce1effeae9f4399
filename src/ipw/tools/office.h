// SPDX-License-Identifier: Apache-2.0
// The text of sheets and slides (Office Open XML, ISO/IEC 29500), beside that of Word documents (docx.h).
#pragma once
#include <string>
#include <string_view>

namespace ipw::tools {

/// The text of a .docx, .xlsx or .pptx file, whichever it is by its members. Throws Error(Format) for bytes
/// that are none of them, are encrypted, damaged, or unpack to more than sandbox::ZipLimits allows.
std::string office_text(std::string_view bytes);

/// The text of an .xlsx file: a line "# NAME" for each sheet, then its rows in order with tabs between their
/// cells. A cell shows the value that was stored at the last reckoning: formulas are not reckoned, numbers
/// are as stored (a date is a number of days). Throws Error(Format).
std::string xlsx_text(std::string_view bytes);

/// The text of a .pptx file: a line "# Slide N" for each slide in the order of the show, then its paragraphs.
/// Speaker's notes are left out. Throws Error(Format).
std::string pptx_text(std::string_view bytes);

}  // namespace ipw::tools
