// SPDX-License-Identifier: Apache-2.0
// The files that an agent leaves in its workspace, for rules that judge them (defect S23).
#pragma once
#include <filesystem>
#include <vector>

#include "ipw/evaluation/scorer.h"

namespace ipw::execution {

/// Read the files below a workspace, sub-folders included, sorted by path; empty where there is no such
/// folder. What the task brought (`inputs/`), hidden files and links are left out: a link may lead anywhere.
/// Of documents of office programs and PDF the text is taken out, of PDF in the sandbox. What is neither
/// these nor text, or too large, has a reason in the place of its text; beyond 200 files the rest is left
/// out.
std::vector<evaluation::Deliverable> read_deliverables(const std::filesystem::path& workspace);

}  // namespace ipw::execution
