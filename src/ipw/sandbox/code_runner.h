// SPDX-License-Identifier: Apache-2.0
// The sandbox as the rules of evaluation use it.
#pragma once
#include <memory>
#include <string_view>

#include "ipw/evaluation/grader.h"
#include "ipw/sandbox/sandbox.h"

namespace ipw::sandbox {

/// Run the programs of graders in a sandbox. "auto" takes the first of the registry that works here. Throws
/// Error(Usage) for an unknown name, Error(Unavailable) with what to do where none works.
std::unique_ptr<evaluation::CodeRunner> make_code_runner(std::string_view sandbox = "auto");

}  // namespace ipw::sandbox
