// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_message.h"

#include <gtest/gtest.h>

namespace ipw::tools::mcp {
namespace {

using Kind = Message::Kind;

Message one(std::string_view text) {
  const auto packet = parse_packet(text);
  EXPECT_FALSE(packet.batch);
  EXPECT_EQ(packet.messages.size(), 1U);
  return packet.messages.front();
}

TEST(McpMessage, is_a_request_a_notification_a_result_or_an_error) {
  const auto request = one(R"({"jsonrpc":"2.0","id":"a","method":"m","params":{"x":[1, 2]}})");
  EXPECT_EQ(request.kind, Kind::Request);
  EXPECT_EQ(request.id, "\"a\"");
  EXPECT_EQ(request.method, "m");
  EXPECT_EQ(request.body, R"({"x":[1,2]})");
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","method":"m"})").kind, Kind::Notification);
  const auto result = one(R"({"jsonrpc":"2.0","id":7,"result":{"ok":true}})");
  EXPECT_EQ(result.kind, Kind::Result);
  EXPECT_EQ(result.id, "7");
  const auto error = one(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"bad","data":[1]}})");
  EXPECT_EQ(error.kind, Kind::Error);
  EXPECT_EQ(error.id, "null");
  EXPECT_EQ(error.fault.code, -32700);
  EXPECT_EQ(error.fault.data, "[1]");
}

TEST(McpMessage, is_written_as_it_was_read) {
  for (const std::string line :
       {R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})",
        R"({"jsonrpc":"2.0","id":"é","method":"m","params":{"a":"line\nend"}})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}})",
        R"({"jsonrpc":"2.0","id":-5,"result":{"tools":[]}})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no \"x\"","data":{"a":1}}})"})
    EXPECT_EQ(to_line(one(line)), line);
}

TEST(McpMessage, that_is_none_says_why_and_keeps_the_id_it_had) {
  const std::pair<const char*, int> cases[] = {
      {"", code::kParse},
      {"Server ready.", code::kParse},
      {"17", code::kInvalidRequest},
      {"[]", code::kInvalidRequest},
      {"{}", code::kInvalidRequest},
      {R"({"jsonrpc":"1.0","id":1,"method":"m"})", code::kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1})", code::kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", code::kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":{},"method":"m"})", code::kInvalidRequest},
      {R"({"jsonrpc":"2.0","method":5})", code::kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"result":7})", code::kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"error":"x"})", code::kInvalidRequest}};
  for (const auto& [text, code] : cases) {
    const auto message = one(text);
    EXPECT_EQ(message.kind, Kind::Invalid) << text;
    EXPECT_EQ(message.fault.code, code) << text;
    EXPECT_NE(message.fault.message, "") << text;
  }
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","id":9,"method":"m","params":[1]})").id, "9");
}

TEST(McpMessage, is_refused_when_it_is_too_large_or_nests_too_deep) {
  EXPECT_EQ(one(std::string(kMaxMessage + 1, ' ')).fault.code, code::kInvalidRequest);
  EXPECT_EQ(one(std::string(100'000, '[')).fault.code, code::kParse);
  std::string many = "[0";
  for (std::size_t i = 0; i < kMaxBatch; ++i) many += ",0";
  EXPECT_EQ(one(many + "]").fault.code, code::kInvalidRequest);
}

TEST(McpMessage, may_stand_in_a_batch_beside_one_that_is_none) {
  const auto packet = parse_packet(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}, 5])");
  EXPECT_TRUE(packet.batch);
  ASSERT_EQ(packet.messages.size(), 2U);
  EXPECT_EQ(packet.messages[0].kind, Kind::Request);
  EXPECT_EQ(packet.messages[1].kind, Kind::Invalid);
}

TEST(McpHeader, values_that_are_no_plain_text_go_as_base64) {
  // The pairs of the specification of 2026-07-28, "Value Encoding".
  const std::pair<const char*, const char*> pairs[] = {
      {"us-west1", "us-west1"},
      {"Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="},
      {" padded ", "=?base64?IHBhZGRlZCA=?="},
      {"line1\nline2", "=?base64?bGluZTEKbGluZTI=?="},
      {"=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="}};
  for (const auto& [text, value] : pairs) {
    EXPECT_EQ(header_value(text), value);
    EXPECT_EQ(from_header_value(value), text);
  }
}

}  // namespace
}  // namespace ipw::tools::mcp
