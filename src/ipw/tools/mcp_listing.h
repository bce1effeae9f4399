// SPDX-License-Identifier: Apache-2.0
// What a server's lists and results say. The server is not trusted: whatever comes is checked.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/http/session.h"
#include "ipw/tools/tool.h"

namespace ipw::tools::mcp {

/// A tool as a server lists it.
struct ListedTool {
  std::string name;  ///< the server's own
  ToolSpec spec;     ///< whose name models can write
  /// Arguments that go into HTTP headers, too: a JSON pointer to the argument, the header's name.
  std::vector<std::pair<std::string, std::string>> headers;
  bool repeatable = false;  ///< the server says that a second call does nothing more
};

struct ToolPage {
  std::vector<ListedTool> tools;
  std::string cursor;  ///< JSON text of the next page's; empty on the last
};

/// Read the result of tools/list. With `http`, a tool whose header annotations are wrong is left out, as the
/// specification wants it. Throws Error(Format) that names the tool.
ToolPage parse_tools(std::string_view result, bool http);

/// Make the names those that every model can write: letters, digits, '_' and '-', 64 at most. Throws
/// Error(Format) when two tools have one name.
void make_names(std::vector<ListedTool>& tools);

/// The headers of a call.
http::Headers headers_of(const ListedTool& tool, std::string_view arguments);

/// The result of tools/call as a text; what is no text is named. At most so many bytes of it.
ToolResult read_result(std::string_view result, std::size_t most = 100'000);

}  // namespace ipw::tools::mcp
