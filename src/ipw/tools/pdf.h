// SPDX-License-Identifier: Apache-2.0
// The text of PDF files, by the program pdftotext of poppler-utils.
#pragma once
#include <string>

#include "ipw/sandbox/sandbox.h"

namespace ipw::tools {

/// The text in reading order, in UTF-8. The program runs in the sandbox, where it sees this file, no network
/// and nothing of the user's. Throws Error: Unavailable where it is missing or the sandbox fails, Format for
/// a file that it cannot read or that is encrypted, Timeout.
std::string pdf_text(const sandbox::Sandbox& sandbox, std::string bytes, Seconds wall);

}  // namespace ipw::tools
