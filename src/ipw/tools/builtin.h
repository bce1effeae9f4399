// SPDX-License-Identifier: Apache-2.0
// The factories of the registry, one for each row; what they throw stands at ToolEntry.
#pragma once
#include "ipw/tools/tools.h"

namespace ipw::tools {

std::unique_ptr<Tool> make_ask_model(const ToolOptions& options);
std::unique_ptr<Tool> make_bash(const ToolOptions& options);
std::unique_ptr<Tool> make_calculator(const ToolOptions& options);
std::unique_ptr<Tool> make_code_interpreter(const ToolOptions& options);
std::unique_ptr<Tool> make_file_read(const ToolOptions& options);
std::unique_ptr<Tool> make_file_write(const ToolOptions& options);
std::unique_ptr<Tool> make_search_bm25(const ToolOptions& options);
std::unique_ptr<Tool> make_search_dense(const ToolOptions& options);
std::unique_ptr<Tool> make_search_hybrid(const ToolOptions& options);
std::unique_ptr<Tool> make_search_text(const ToolOptions& options);
std::unique_ptr<Tool> make_think(const ToolOptions& options);
std::unique_ptr<Tool> make_web_search(const ToolOptions& options);

}  // namespace ipw::tools
