// SPDX-License-Identifier: Apache-2.0
// What the readers of streams share: tolerant looks into JSON, and the parts of an answer as they come
// together.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/clients/client.h"

namespace ipw::clients {

/// Its count; absent when it is none.
std::optional<std::int64_t> count_of(const Json& object, const char* key);
std::optional<Seconds> milliseconds_of(const Json& object, const char* key);

/// The words of an error event.
std::string server_message(const Json& event);
bool is_error(const Json& event);

/// Joins the fragments of tool calls by index, else by id, else by position.
class ToolCalls {
 public:
  /// Add the fragments of one delta in OpenAI's form; true when one carried text.
  bool add(const Json& fragments);
  std::string json() const;

 private:
  struct Call {
    std::int64_t index;
    std::string id, name, arguments;
  };
  Call& call_of(const Json& fragment, std::size_t position);
  bool add(const Json& fragment, std::size_t position);
  std::vector<Call> calls_;
};

/// An answer that comes together event by event.
struct Collected {
  Response response;
  ToolCalls tools;

  void fail(std::string kind, std::string message);
  /// Add the text of one event; true when it carried some.
  bool add(const std::string& content, const std::string& reasoning, const Json& tool_calls,
           Instant received);
  Response take();
};

}  // namespace ipw::clients
