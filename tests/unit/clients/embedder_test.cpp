// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/files.h"

namespace ipw::clients {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kTiny = IPW_SOURCE_DIR "/models/tiny-36k.gguf";
const std::string kMiddle = IPW_SOURCE_DIR "/models/tiny-360k.gguf";
/// An encoder: it has no cache, and its first token's vector is the text's (tests/fixtures/models).
const std::string kBert = IPW_SOURCE_DIR "/tests/fixtures/models/bert-tiny.gguf";
const std::vector<std::string> kTexts = {"What is 647 + 182?", "What is 648 + 182?",
                                         "Which rhymes with cat?"};

std::unique_ptr<Embedder> open(const std::string& model, std::optional<int> context = {}) {
  return open_embedder({model, context, 1, 0});
}

double product(const std::vector<float>& a, const std::vector<float>& b) {
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out += double{a[i]} * b[i];
  return out;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  return product(a, b) / std::sqrt(product(a, a) * product(b, b));
}

TEST(Embedder, vectors_have_the_models_width) {
  const auto embedder = open(kMiddle);
  EXPECT_EQ(embedder->facts().dimensions, 96U);
  EXPECT_EQ(embedder->facts().context, 512U);
  const auto [vectors, cut] = embedder->embed(kTexts);
  EXPECT_EQ(cut, 0U);
  ASSERT_EQ(vectors.size(), 3U);
  for (const auto& vector : vectors) {
    EXPECT_EQ(vector.size(), 96U);
    EXPECT_GT(product(vector, vector), 0);
  }
}

TEST(Embedder, a_text_is_nearer_to_one_like_it_than_to_another) {
  const auto vectors = open(kMiddle)->embed(kTexts).vectors;
  EXPECT_GT(cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2]));
  EXPECT_LT(cosine(vectors[0], vectors[1]), 1 - 1e-6);
}

TEST(Embedder, a_text_has_one_vector_whatever_is_embedded_beside_it) {
  const auto embedder = open(kMiddle);
  const auto together = embedder->embed(kTexts).vectors;
  const auto longer = embedder->embed({std::string(300, 'x'), kTexts[2]}).vectors;
  EXPECT_EQ(longer[1], together[2]);
  for (std::size_t i = 0; i < kTexts.size(); ++i)
    EXPECT_EQ(open(kMiddle)->embed({kTexts[i]}).vectors[0], together[i]) << i;
}

TEST(Embedder, calls_of_several_threads_do_not_disturb_each_other) {
  const auto embedder = open(kTiny);
  const auto expected = embedder->embed(kTexts).vectors;
  std::vector<std::vector<std::vector<float>>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& one : found)
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) one = embedder->embed(kTexts).vectors;
      });
  }
  for (const auto& one : found) EXPECT_EQ(one, expected);
}

TEST(Embedder, what_is_longer_than_the_context_is_cut_and_counted) {
  const auto embedder = open(kTiny, 64);
  EXPECT_EQ(embedder->facts().context, 64U);
  const auto [vectors, cut] = embedder->embed({std::string(400, 'x'), "short", std::string(600, 'x')});
  EXPECT_EQ(cut, 2U);
  EXPECT_EQ(vectors[0], vectors[2]);
  EXPECT_NE(vectors[0], vectors[1]);
}

TEST(Embedder, control_tokens_that_a_text_names_are_text) {
  const auto embedder = open(kTiny, 64);
  // As a token each, all would fit.
  std::string named;
  for (int i = 0; i < 12; ++i) named += "<|user|><|assistant|><s></s>";
  EXPECT_EQ(embedder->embed({named}).cut, 1U);
}

TEST(Embedder, a_model_that_names_no_pooling_gets_the_mean_and_says_so) {
  const auto embedder = open(kTiny);
  EXPECT_EQ(embedder->facts().pooling, "mean");
  EXPECT_THAT(embedder->facts().warnings, Contains(HasSubstr("their mean is taken")));
}

/// So many words of one letter each, a token each.
std::string words(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += std::string(1, static_cast<char>('a' + i % 26)) + " ";
  return out;
}

TEST(Embedder, an_encoder_is_run_as_one_and_its_pooling_is_its_own) {
  const auto embedder = open(kBert);
  EXPECT_EQ(embedder->facts().pooling, "cls");
  EXPECT_EQ(embedder->facts().dimensions, 16U);
  EXPECT_EQ(embedder->facts().context, 64U);
  EXPECT_TRUE(embedder->facts().warnings.empty());
  const auto vectors = embedder->embed({words(3), words(20), words(3)}).vectors;
  EXPECT_EQ(vectors[0], vectors[2]);
  EXPECT_LT(cosine(vectors[0], vectors[1]), 0.9999);
  EXPECT_GT(product(vectors[0], vectors[0]), 0);
}

TEST(Embedder, a_text_that_is_cut_keeps_the_token_that_ends_it) {
  const auto [vectors, cut] = open(kBert)->embed({words(62), words(63), words(100)});
  EXPECT_EQ(cut, 2U);
  EXPECT_EQ(vectors[1], vectors[0]);
  EXPECT_EQ(vectors[2], vectors[0]);
}

Error failure(const std::string& path, std::optional<int> context = {}) {
  try {
    open(path, context);
  } catch (const Error& error) {
    EXPECT_FALSE(error.hint().empty());
    return error;
  }
  return {ErrorCode::Internal, "it was opened"};
}

TEST(Embedder, files_that_are_no_model_are_refused) {
  EXPECT_EQ(failure("/no/such.gguf").code(), ErrorCode::NotFound);
  EXPECT_EQ(failure(IPW_SOURCE_DIR "/LICENSE").code(), ErrorCode::Format);
  const auto path = std::filesystem::path(testing::TempDir()) / "cut-off.gguf";
  write_file_atomic(path, read_file(kTiny).substr(0, 20000));
  EXPECT_EQ(failure(path).code(), ErrorCode::Format);
}

TEST(Embedder, a_context_that_the_model_was_not_trained_for_is_refused) {
  for (const int context : {1, 513, 1 << 30}) {
    const auto error = failure(kTiny, context);
    EXPECT_EQ(error.code(), ErrorCode::Usage) << context;
    EXPECT_THAT(error.hint(), HasSubstr("8 to 512"));
  }
}

TEST(Embedder, an_empty_text_is_its_special_tokens) {
  const auto vectors = open(kTiny)->embed({"", "x"}).vectors;
  EXPECT_GT(product(vectors[0], vectors[0]), 0);
  EXPECT_NE(vectors[0], vectors[1]);
}

}  // namespace
}  // namespace ipw::clients
