// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/index_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <map>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/tools/bm25.h"
#include "ipw/tools/fusion.h"
#include "unit/tools/corpus.h"

namespace ipw::tools {
namespace {

using testing::HasSubstr;

std::filesystem::path temporary() {
  return std::filesystem::path(testing::TempDir()) / ("index" + std::to_string(::getpid()) + ".bm25");
}

/// The reason why a file is refused.
std::string refusal(const std::shared_ptr<const Corpus>& corpus, const Bm25Options& options = {}) {
  try {
    Bm25::load(temporary(), corpus, options);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Format);
    EXPECT_THAT(e.hint(), HasSubstr("build the index again"));
    EXPECT_THAT(e.what(), HasSubstr(temporary().string()));
    return e.what();
  }
  return "nothing was thrown";
}

void expect_same(const std::vector<Hit>& a, const std::vector<Hit>& b) {
  ASSERT_EQ(ids(a), ids(b));
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].score, b[i].score);
}

TEST(IndexFile, R7_a_loaded_index_answers_as_the_one_that_was_saved) {
  const auto corpus = some_corpus(200);
  const auto built = std::make_shared<Bm25>(corpus);
  built->save(temporary());
  const auto loaded = std::make_shared<Bm25>(Bm25::load(temporary(), corpus));
  for (const char* query : {"word1", "word2 word3 word4", "the words", "nothing"})
    expect_same(built->search(query, 1000), loaded->search(query, 1000));
  const auto other = std::make_shared<Bm25>(corpus, Bm25Options{0, 0});
  expect_same(Fusion({{built}, {other}}).search("word1 word2", 50),
              Fusion({{loaded}, {other}}).search("word1 word2", 50));
}

TEST(IndexFile, R7_a_corpus_without_words_is_saved_too) {
  Bm25(corpus_of({})).save(temporary());
  EXPECT_TRUE(Bm25::load(temporary(), corpus_of({})).search("a", 5).empty());
}

TEST(IndexFile, R3_refuses_other_documents_and_other_parameters) {
  Bm25(corpus_of({{"a", "xy"}, {"b", "z"}})).save(temporary());
  const std::string reason = "made of other documents or with other parameters";
  EXPECT_THAT(refusal(corpus_of({{"a", "xY"}, {"b", "z"}})), HasSubstr(reason));
  EXPECT_THAT(refusal(corpus_of({{"a", "xy"}, {"c", "z"}})), HasSubstr(reason));
  EXPECT_THAT(refusal(corpus_of({{"a", "xy"}})), HasSubstr(reason));
  EXPECT_THAT(refusal(corpus_of({{"a", "xy"}, {"b", "z"}}, {1000, 150})), HasSubstr(reason));
  EXPECT_THAT(refusal(corpus_of({{"a", "xy"}, {"b", "z"}}, {1200, 149})), HasSubstr(reason));
  EXPECT_THAT(refusal(corpus_of({{"a", "xy"}, {"b", "z"}}), {1.6, 0.75}), HasSubstr(reason));
  EXPECT_THAT(refusal(corpus_of({{"a", "xy"}, {"b", "z"}}), {1.5, 0.7}), HasSubstr(reason));
  EXPECT_NO_THROW(Bm25::load(temporary(), corpus_of({{"b", "z"}, {"a", "xy"}})));
}

TEST(IndexFile, R3_separates_ids_from_contents) {
  const auto key = [](std::vector<std::pair<std::string, std::string>> texts) {
    return content_key(*corpus_of(std::move(texts)), "p");
  };
  EXPECT_NE(key({{"a", "bc"}}), key({{"ab", "c"}}));
  EXPECT_NE(key({{"a", "b"}, {"c", "d"}}), key({{"a", "b1:c1:d"}}));
  EXPECT_NE(key({{"a", "b"}}), content_key(*corpus_of({{"a", "b"}}), "q"));
}

TEST(IndexFile, R5_refuses_the_index_of_another_kind_of_search) {
  const auto corpus = corpus_of({{"a", "xy"}});
  write_file_atomic(temporary(), to_bytes(build_index(*corpus), content_key(*corpus, "dense model-a")));
  EXPECT_THAT(refusal(corpus), HasSubstr("other parameters"));
}

TEST(IndexFile, R6_two_names_never_share_a_file) {
  std::map<std::filesystem::path, std::string> names;
  const std::string long_name(300, 'x');
  for (const auto& name : {std::string("a/b"), std::string("a_b"), std::string("a b"), std::string("../a"),
                           std::string(), std::string("model"), long_name, long_name + "y"}) {
    const auto path = index_path("cache", name);
    EXPECT_EQ(path.parent_path(), "cache");
    EXPECT_LT(path.filename().string().size(), 120U);
    EXPECT_TRUE(names.emplace(path, name).second) << name << " and " << names[path];
  }
}

TEST(IndexFile, R6_refuses_any_truncation_and_any_changed_byte) {
  const auto corpus = corpus_of({{"a", "one two two"}, {"b", "two three"}});
  const std::string key(64, 'k');
  const auto bytes = to_bytes(build_index(*corpus), key);
  EXPECT_NO_THROW(index_from_bytes(bytes, key, 2));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_THROW(index_from_bytes(bytes.substr(0, i), key, 2), Error) << "cut at " << i;
    auto changed = bytes;
    changed[i] ^= 1;
    EXPECT_THROW(index_from_bytes(changed, key, 2), Error) << "changed at " << i;
  }
}

TEST(IndexFile, R6_says_what_is_wrong) {
  const auto corpus = corpus_of({{"a", "one"}});
  Bm25(corpus).save(temporary());
  auto bytes = read_file(temporary());
  write_file_atomic(temporary(), bytes.substr(0, bytes.size() - 1));
  EXPECT_THAT(refusal(corpus), HasSubstr("cut off or damaged: its checksum is wrong"));
  write_file_atomic(temporary(), std::string(200, 'x'));
  EXPECT_THAT(refusal(corpus), HasSubstr("this is no index of ipw"));
  bytes.resize(bytes.size() - 64);
  bytes[8] = 9;
  write_file_atomic(temporary(), bytes + sha256_hex(bytes));
  EXPECT_THAT(refusal(corpus), HasSubstr("the index has version 9, this program reads 1"));
  std::filesystem::remove(temporary());
  try {
    Bm25::load(temporary(), corpus);
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::NotFound);
  }
}

TEST(IndexFile, refuses_what_an_index_cannot_be_although_its_checksum_is_right) {
  const auto good = build_index(*corpus_of({{"a", "one two"}, {"b", "two"}}));
  const auto refused = [&](void (*change)(InvertedIndex&)) {
    auto bad = good;
    change(bad);
    EXPECT_THROW(index_from_bytes(to_bytes(bad, std::string(64, 'k')), std::string(64, 'k'), 2), Error);
  };
  EXPECT_NO_THROW(index_from_bytes(to_bytes(good, std::string(64, 'k')), std::string(64, 'k'), 2));
  refused([](InvertedIndex& index) { index.postings.back().chunk = 2; });
  refused([](InvertedIndex& index) { index.postings.back().chunk = 0; });
  refused([](InvertedIndex& index) { index.postings.back().count = 0; });
  refused([](InvertedIndex& index) { index.posting_ends.back() = 99; });
  refused([](InvertedIndex& index) { index.posting_ends.front() = 0; });
  refused([](InvertedIndex& index) { index.term_ends.front() = 99; });
  refused([](InvertedIndex& index) { index.terms = "zzzooo"; });
  refused([](InvertedIndex& index) { index.lengths.resize(3); });
}

}  // namespace
}  // namespace ipw::tools
