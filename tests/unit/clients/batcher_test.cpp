// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/llama_batcher.h"

#include <gtest/gtest.h>

#include <chrono>

#include "ipw/clients/token_text.h"

namespace ipw::clients {
namespace {

using namespace std::chrono_literals;

/// Says "abc" and ends; each decode call takes 10 ms and its size is written down.
class AbcModel final : public TokenModel {
 public:
  explicit AbcModel(VirtualClock& clock) : clock_(clock) {}
  std::optional<std::string> decode(std::span<const BatchToken> batch) override {
    clock_.advance(10ms);
    calls.push_back(batch.size());
    if (fail) return "out of memory";
    return {};
  }
  std::size_t begin(int, std::size_t keep, const Sampling&) override {
    said_ = 0;
    return keep;
  }
  int sample(int, int) override { return 'a' + said_++; }
  std::string piece(int token) const override { return {static_cast<char>(token)}; }
  bool ends_generation(int token) const override { return token == 'd'; }

  std::vector<std::size_t> calls;
  bool fail = false;

 private:
  VirtualClock& clock_;
  int said_ = 0;
};

struct World {
  VirtualClock clock;
  AbcModel model{clock};
  Response run(const BatcherOptions& options, Request request = {}, std::size_t prompt = 5) {
    Batcher batcher(model, options, clock);
    return batcher.run(std::vector<int>(prompt, 'x'), request, clock.now(), {});
  }
};

TEST(Batcher, prefill_is_the_prompts_call_and_decode_the_rest) {
  World world;
  const auto response = world.run({});
  EXPECT_EQ(response.content, "abc");
  EXPECT_EQ(response.prefill, Seconds(0.010));
  EXPECT_EQ(response.decode, Seconds(0.030));
  EXPECT_EQ(response.arrivals[0] - response.sent, 10ms);
  EXPECT_EQ(response.done - response.sent, 40ms);
}

TEST(Batcher, a_long_prompt_is_fed_in_pieces_of_the_batch_size) {
  World world;
  const auto response = world.run({1, 4096, 4, false}, {}, 10);
  EXPECT_EQ(world.model.calls, (std::vector<std::size_t>{4, 4, 2, 1, 1, 1}));
  EXPECT_EQ(response.prefill, Seconds(0.030));
}

TEST(Batcher, a_full_context_ends_with_length) {
  World world;
  const auto response = world.run({1, 6, 512, false});
  EXPECT_EQ(response.content, "ab");
  EXPECT_EQ(response.finish_reason, "length");
}

TEST(Batcher, a_failed_decode_is_an_engine_failure) {
  World world;
  world.model.fail = true;
  const auto response = world.run({});
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "engine");
  EXPECT_EQ(response.failure->message, "out of memory");
}

TEST(Batcher, X10_a_late_request_times_out_and_keeps_its_text) {
  World world;
  Request request;
  request.timeout = Seconds(0.025);
  const auto response = world.run({}, request);
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "timeout");
  EXPECT_EQ(response.content, "abc");
}

TEST(TokenText, a_character_cut_between_tokens_becomes_visible_whole) {
  TokenText text({});
  EXPECT_FALSE(text.add("\xE2\x82"));
  EXPECT_TRUE(text.add("\xAC"));
  EXPECT_EQ(text.finish(), "€");
}

TEST(TokenText, a_stop_sequence_across_pieces_is_cut_off) {
  TokenText text({"END"});
  EXPECT_TRUE(text.add("oneE"));
  EXPECT_FALSE(text.add("N"));
  EXPECT_FALSE(text.add("Dtwo"));
  EXPECT_TRUE(text.stopped());
  EXPECT_EQ(text.finish(), "one");
}

TEST(TokenText, what_only_began_like_a_stop_sequence_is_kept) {
  TokenText text({"END"});
  text.add("oneE");
  EXPECT_TRUE(text.add("x"));
  EXPECT_EQ(text.finish(), "oneEx");
}

}  // namespace
}  // namespace ipw::clients
