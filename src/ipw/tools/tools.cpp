// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/tools.h"

#include <array>
#include <utility>

#include "ipw/tools/builtin.h"

namespace ipw::tools {

std::span<const ToolEntry> tools() {
  static constexpr std::array kTools = {
      ToolEntry{"ask_model", "Ask another model, on this machine or at a provider.", &make_ask_model},
      ToolEntry{"bash", "Run a shell command where the task is.", &make_bash},
      ToolEntry{"calculator", "Work out an arithmetic expression.", &make_calculator},
      ToolEntry{"code_interpreter", "Run Python where the task is.", &make_code_interpreter},
      ToolEntry{"file_read", "Read a text file of the task.", &make_file_read},
      ToolEntry{"file_write", "Write a text file of the task.", &make_file_write},
      ToolEntry{"search_bm25", "Search documents by words.", &make_search_bm25},
      ToolEntry{"search_dense", "Search documents by meaning, with the embeddings of a server.",
                &make_search_dense},
      ToolEntry{"search_hybrid", "Search documents by words and by meaning.", &make_search_hybrid},
      ToolEntry{"search_text", "Search documents by a regular expression.", &make_search_text},
      ToolEntry{"think", "Note a thought; nothing is done.", &make_think},
      ToolEntry{"web_search", "Search the web through Tavily.", &make_web_search},
  };
  return kTools;
}

std::string_view canonical_name(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kAliases = {{
      {"retrieval:bm25", "search_bm25"},
      {"retrieval:dense", "search_dense"},
      {"retrieval:grep", "search_text"},
      {"retrieval:hybrid", "search_hybrid"},
      {"shell", "bash"},
      {"terminal", "bash"},
  }};
  for (const auto& [alias, row] : kAliases)
    if (alias == name) return row;
  return name;
}

std::unique_ptr<Tool> make_tool(std::string_view name, const ToolOptions& options) {
  return require("tool", tools(), canonical_name(name)).make(options);
}

}  // namespace ipw::tools
