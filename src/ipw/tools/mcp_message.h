// SPDX-License-Identifier: Apache-2.0
// The messages of the Model Context Protocol: JSON-RPC 2.0 (https://www.jsonrpc.org/specification), and the
// names that two eras of the protocol give to things (https://modelcontextprotocol.io/specification).
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::tools::mcp {

/// Revisions that begin with a handshake, oldest first, and those in which each request stands for itself.
inline constexpr std::array<std::string_view, 4> kLegacyVersions = {"2024-11-05", "2025-03-26", "2025-06-18",
                                                                    "2025-11-25"};
inline constexpr std::array<std::string_view, 1> kModernVersions = {"2026-07-28"};
bool is_legacy(std::string_view version);
bool is_modern(std::string_view version);

/// Keys of a modern request's `_meta`.
inline constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* kClientKey = "io.modelcontextprotocol/clientInfo";
inline constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* kServerKey = "io.modelcontextprotocol/serverInfo";

namespace code {
inline constexpr int kParse = -32700, kInvalidRequest = -32600, kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602, kInternal = -32603;
inline constexpr int kHeaderMismatch = -32020, kMissingCapability = -32021, kUnsupportedVersion = -32022;
}  // namespace code

inline constexpr std::size_t kMaxMessage = std::size_t{32} << 20;  ///< bytes of one message or batch
inline constexpr std::size_t kMaxBatch = 1000;                     ///< messages

struct Fault {
  int code = 0;
  std::string message;
  std::string data;  ///< JSON text; empty: none
};

struct Message {
  enum class Kind { Request, Notification, Result, Error, Invalid };
  Kind kind = Kind::Request;
  std::string id;      ///< JSON text of a whole number or a string; "null" where none could be read
  std::string method;  ///< of a request or notification
  std::string body;    ///< JSON text of an object on one line: `params` or `result`; "{}" when absent
  Fault fault;         ///< of an error; of what is invalid, what to answer
};

struct Packet {
  std::vector<Message> messages;  ///< at least one
  bool batch = false;             ///< they came as an array
};

/// Read any bytes. What is no message becomes one that is Invalid and says why. Never throws.
Packet parse_packet(std::string_view text);

/// One line without its end. The id and the bodies are JSON texts without line ends, as dump_json() makes
/// them.
std::string to_line(const Message& message);
std::string error_line(std::string_view id, const Fault& fault);
std::string result_line(std::string_view id, std::string_view result);

/// A text as the value of an HTTP header, as MCP wants it: in Base64 between "=?base64?" and "?=" where it
/// could not stand there as it is. And back; what is not so encoded stays.
std::string header_value(std::string_view text);
std::string from_header_value(std::string_view value);

}  // namespace ipw::tools::mcp
