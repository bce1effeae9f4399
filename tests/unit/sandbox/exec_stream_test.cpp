// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/exec_stream.h"

#include <gtest/gtest.h>

#include <string>

namespace ipw::sandbox {
namespace {

std::string frame(int stream, const std::string& body) {
  std::string out(8, '\0');
  out[0] = static_cast<char>(stream);
  for (int i = 0; i < 4; ++i)
    out[4 + static_cast<std::size_t>(i)] = static_cast<char>(body.size() >> (24 - 8 * i));
  return out + body;
}

struct Heard {
  std::string out, err;
  ExecStream stream{[this](int number, std::string_view bytes) { (number == 2 ? err : out) += bytes; }};
};

TEST(ExecStream, gives_the_same_wherever_it_is_cut) {
  const std::string big(70'000, 'x');
  const auto bytes = frame(1, "hello ") + frame(2, "bad") + frame(1, "") + frame(1, "world") + frame(2, big);
  for (std::size_t first = 0; first <= 60; ++first)
    for (std::size_t second = first; second <= 60; ++second) {
      Heard heard;
      const std::string_view all = bytes;
      EXPECT_TRUE(heard.stream.feed(all.substr(0, first)));
      EXPECT_TRUE(heard.stream.feed(all.substr(first, second - first)));
      EXPECT_TRUE(heard.stream.feed(all.substr(second)));
      EXPECT_EQ(heard.out, "hello world");
      EXPECT_EQ(heard.err, "bad" + big);
      EXPECT_TRUE(heard.stream.whole());
    }
}

TEST(ExecStream, an_end_within_a_frame_is_not_whole) {
  Heard heard;
  EXPECT_TRUE(heard.stream.feed(frame(1, "hello").substr(0, 10)));
  EXPECT_FALSE(heard.stream.whole());
  EXPECT_EQ(heard.out, "he");
}

TEST(ExecStream, a_text_of_the_engine_is_no_frame) {
  Heard heard;
  EXPECT_FALSE(heard.stream.feed("{\"message\": \"no such container\"}"));
  EXPECT_FALSE(heard.stream.feed(frame(1, "late")));
  EXPECT_EQ(heard.out, "");
  EXPECT_FALSE(heard.stream.whole());
}

}  // namespace
}  // namespace ipw::sandbox
