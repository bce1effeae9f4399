// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "ipw/base/files.h"

namespace ipw::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string show(const SseEvent& e) {
  return e.event + "|" + e.data + "|" + e.id;
}

std::vector<std::string> parse(const std::vector<std::string_view>& pieces, std::size_t limit = 1 << 20) {
  std::vector<std::string> events;
  SseParser parser([&](const SseEvent& e) { events.push_back(show(e)); }, limit);
  for (const auto piece : pieces) parser.feed(piece);
  parser.finish();
  return events;
}

std::vector<std::string> lines(const std::vector<std::string_view>& pieces, std::size_t limit = 1 << 20) {
  std::vector<std::string> values;
  NdjsonParser parser([&](std::string_view line) { values.emplace_back(line); }, limit);
  for (const auto piece : pieces) parser.feed(piece);
  parser.finish();
  return values;
}

std::string fixture(const std::string& name) {
  return read_file(IPW_SOURCE_DIR "/tests/fixtures/sse/" + name);
}

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(IPW_SOURCE_DIR "/tests/fixtures/sse"))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  return files;
}

TEST(Sse, gives_the_same_events_wherever_the_bytes_are_cut_once) {
  for (const auto& file : corpus()) {
    const std::string text = read_file(file);
    const std::string_view all = text;
    const auto whole = parse({all});
    EXPECT_FALSE(whole.empty()) << file;
    for (std::size_t i = 0; i <= all.size(); ++i)
      ASSERT_EQ(parse({all.substr(0, i), all.substr(i)}), whole) << file << " cut at " << i;
  }
}

TEST(Sse, gives_the_same_events_wherever_short_streams_are_cut_twice) {
  for (const auto& file : corpus()) {
    const std::string text = read_file(file);
    const std::string_view all = text;
    if (all.size() > 200) continue;
    const auto whole = parse({all});
    for (std::size_t i = 0; i <= all.size(); ++i)
      for (std::size_t j = i; j <= all.size(); ++j)
        ASSERT_EQ(parse({all.substr(0, i), all.substr(i, j - i), all.substr(j)}), whole)
            << file << ' ' << i << ' ' << j;
  }
}

TEST(Sse, gives_the_same_events_byte_by_byte) {
  for (const auto& file : corpus()) {
    const std::string text = read_file(file);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(std::string_view(text).substr(i, 1));
    EXPECT_EQ(parse(bytes), parse({text})) << file;
  }
}

TEST(Sse, reads_an_openai_stream) {
  const auto events = parse({fixture("openai.txt")});
  ASSERT_EQ(events.size(), 4u);
  EXPECT_THAT(events[1], testing::HasSubstr(R"("content":"Paris")"));
  EXPECT_EQ(events[3], "message|[DONE]|");
}

TEST(Sse, drops_the_pings_of_llama_server) {
  EXPECT_EQ(parse({fixture("llama_server.txt")}).size(), 3u);
}

TEST(Sse, keeps_the_event_names_of_the_responses_api) {
  EXPECT_THAT(parse({fixture("named_events.txt")}),
              ElementsAre("response.created|{\"a\":1}|", "error|{\"b\":2}|7"));
}

TEST(Sse, takes_every_line_end) {
  for (const auto* name : {"lf.txt", "crlf.txt", "cr.txt"})
    EXPECT_THAT(parse({fixture(name)}), ElementsAre("message|one\ntwo|", "message|three|")) << name;
}

TEST(Sse, skips_a_byte_order_mark) {
  EXPECT_THAT(parse({fixture("bom.txt")}), ElementsAre("message|first|"));
}

TEST(Sse, X16_takes_data_without_a_space) {
  EXPECT_THAT(parse({"data:{}\n\n"}), ElementsAre("message|{}|"));
}

TEST(Sse, removes_one_leading_space_only) {
  EXPECT_THAT(parse({"data:  x \n\n"}), ElementsAre("message| x |"));
}

TEST(Sse, dispatches_the_last_event_without_its_blank_line) {
  EXPECT_THAT(parse({fixture("no_final_blank_line.txt")}), ElementsAre("message|a|", "message|b|"));
}

TEST(Sse, dispatches_nothing_for_an_event_without_data) {
  EXPECT_THAT(parse({"event: ping\n\n: hello\n\n"}), IsEmpty());
}

TEST(Sse, gives_an_event_of_an_empty_data_line) {
  EXPECT_THAT(parse({"data\n\n"}), ElementsAre("message||"));
}

TEST(Sse, keeps_the_last_id) {
  EXPECT_THAT(parse({"id: 1\ndata: a\n\ndata: b\n\n"}), ElementsAre("message|a|1", "message|b|1"));
}

TEST(Sse, ignores_an_id_with_a_null_character) {
  EXPECT_THAT(parse({std::string_view("id: 1\0\ndata: a\n\n", 16)}), ElementsAre("message|a|"));
}

TEST(Sse, stops_at_an_event_over_the_limit) {
  std::vector<std::string> events;
  SseParser parser([&](const SseEvent& e) { events.push_back(e.data); }, 16);
  EXPECT_TRUE(parser.feed("data: ok\n\n"));
  EXPECT_FALSE(parser.feed("data: 0123456789\ndata: 0123456789\n\n"));
  EXPECT_FALSE(parser.feed("data: late\n\n"));
  parser.finish();
  EXPECT_THAT(events, ElementsAre("ok"));
}

TEST(Sse, does_not_keep_a_line_without_an_end_over_the_limit) {
  SseParser parser([](const SseEvent&) { FAIL() << "nothing may come"; }, 16);
  EXPECT_FALSE(parser.feed(std::string(17, 'x')));
}

TEST(Ndjson, gives_the_same_values_wherever_the_bytes_are_cut) {
  constexpr std::string_view kAll = "{\"a\":1}\r\n\n  {\"b\":\"\xC3\xA9\"}\n{\"c\":3}";
  const auto whole = lines({kAll});
  EXPECT_THAT(whole, ElementsAre("{\"a\":1}", "{\"b\":\"\xC3\xA9\"}", "{\"c\":3}"));
  for (std::size_t i = 0; i <= kAll.size(); ++i)
    for (std::size_t j = i; j <= kAll.size(); ++j)
      ASSERT_EQ(lines({kAll.substr(0, i), kAll.substr(i, j - i), kAll.substr(j)}), whole) << i << ' ' << j;
}

TEST(Ndjson, stops_at_a_line_over_the_limit) {
  EXPECT_THAT(lines({"{}\n", "{\"long\":\"0123456789\"}\n", "{}\n"}, 10), ElementsAre("{}"));
}

}  // namespace
}  // namespace ipw::http
