// SPDX-License-Identifier: Apache-2.0
// Processes that are known by a variable of their environment, which they inherit however they detach.
#pragma once
#include <string>

namespace ipw::sandbox {

/// A text that nobody else uses as a mark.
std::string new_mark();

/// Kill every process of this machine that was started with "NAME=VALUE" in its environment, and return when
/// none is left: they are all stopped first, so that none can start another one meanwhile. Returns how many
/// were seen. A process that was started with a cleaned environment, or that belongs to another user, is not
/// seen. Thread-safe.
int kill_marked(const std::string& name_and_value);

}  // namespace ipw::sandbox
