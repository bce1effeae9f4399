// SPDX-License-Identifier: Apache-2.0
// English words without their endings: "relational" and "relate" meet in "relat".
#pragma once
#include <string>

namespace ipw::tools {

/// Strip a word of a to z, in lower case, to its stem, in place: M. F. Porter, "An algorithm for suffix
/// stripping", Program 14 (1980) 130-137, steps 1a to 5b as printed. Words with other characters, shorter
/// than 3 or longer than 64 are left as they are.
void porter_stem(std::string& word);

}  // namespace ipw::tools
