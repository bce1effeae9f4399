// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/sse.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ipw::http {
namespace {

struct Case {
  const char* name;
  std::string stream;
  std::vector<std::string> events;  ///< event|id|data
};

/// Streams as servers really send them, each with what must come out whatever the cuts.
const std::vector<Case>& corpus() {
  static const std::vector<Case> cases = {
      {"openai", "data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n", {"message||{\"a\":1}", "message||{\"b\":2}", "message||[DONE]"}},
      {"no space after the colon", "data:x\n\n", {"message||x"}},
      {"one space is removed, a second is data", "data:  x\n\n", {"message|| x"}},
      {"carriage return and line feed", "data: a\r\n\r\ndata: b\r\n\r\n", {"message||a", "message||b"}},
      {"carriage returns alone", "data: a\r\rdata: b\r\r", {"message||a", "message||b"}},
      {"mixed ends", "data: a\r\n\ndata: b\n\r\n", {"message||a", "message||b"}},
      {"comments as pings", ": ping\n\n:\n\ndata: a\n: ping\n\n", {"message||a"}},
      {"several data lines", "data: a\ndata\ndata: c\n\n", {"message||a\n\nc"}},
      {"event and id", "id: 7\nevent: delta\ndata: x\n\ndata: y\n\n", {"delta|7|x", "message|7|y"}},
      {"byte order mark", "\xEF\xBB\xBF" "data: x\n\n", {"message||x"}},
      {"no blank line at the end", "data: a\n\ndata: b", {"message||a", "message||b"}},
      {"an event without data is none", "event: x\n\n\n\n", {}},
      {"unknown fields", "retry: 5\nfoo: bar\ndata: x\n\n", {"message||x"}},
      {"multi-byte text", "data: Zürich 東京\n\n", {"message||Zürich 東京"}},
      {"colons in the value", "data: a:b: c\n\n", {"message||a:b: c"}},
  };
  return cases;
}

std::vector<std::string> parse(const std::vector<std::string_view>& parts) {
  std::vector<std::string> events;
  SseParser parser([&](const SseEvent& e) { events.push_back(e.event + "|" + e.id + "|" + e.data); });
  for (const auto part : parts) EXPECT_TRUE(parser.feed(part));
  parser.finish();
  return events;
}

TEST(Sse, gives_the_same_events_wherever_the_bytes_are_cut) {
  for (const auto& c : corpus()) {
    const std::string_view s = c.stream;
    EXPECT_EQ(parse({s}), c.events) << c.name;
    for (std::size_t i = 0; i <= s.size(); ++i)
      for (std::size_t j = i; j <= s.size(); ++j)
        ASSERT_EQ(parse({s.substr(0, i), s.substr(i, j - i), s.substr(j)}), c.events) << c.name << " cut at " << i << " and " << j;
  }
}

TEST(Sse, gives_the_same_events_byte_by_byte) {
  for (const auto& c : corpus()) {
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < c.stream.size(); ++i) bytes.push_back(std::string_view(c.stream).substr(i, 1));
    EXPECT_EQ(parse(bytes), c.events) << c.name;
  }
}

TEST(Sse, stops_at_an_event_over_the_limit) {
  int events = 0;
  SseParser parser([&](const SseEvent&) { ++events; }, 10);
  EXPECT_TRUE(parser.feed("data: ok\n\n"));
  EXPECT_FALSE(parser.feed("data: much too long for it\n\n"));
  EXPECT_FALSE(parser.feed("data: ok\n\n"));
  EXPECT_EQ(events, 1);
}

std::vector<std::string> lines(const std::vector<std::string_view>& parts) {
  std::vector<std::string> out;
  NdjsonParser parser([&](std::string_view line) { out.emplace_back(line); });
  for (const auto part : parts) EXPECT_TRUE(parser.feed(part));
  parser.finish();
  return out;
}

TEST(Ndjson, gives_the_same_lines_wherever_the_bytes_are_cut) {
  const std::string_view s = "{\"a\":1}\n\n{\"b\":\"ü\"}\r\n  \n{\"c\":3}";
  const std::vector<std::string> expected = {"{\"a\":1}", "{\"b\":\"ü\"}", "{\"c\":3}"};
  for (std::size_t i = 0; i <= s.size(); ++i) EXPECT_EQ(lines({s.substr(0, i), s.substr(i)}), expected) << "cut at " << i;
}

TEST(Ndjson, stops_at_a_line_over_the_limit) {
  NdjsonParser parser([](std::string_view) {}, 4);
  EXPECT_FALSE(parser.feed("123456\n"));
}

}  // namespace
}  // namespace ipw::http
