// SPDX-License-Identifier: Apache-2.0
// Search by meaning, and the search tools over a folder of documents.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/http/server.h"
#include "ipw/tools/dense.h"
#include "ipw/tools/fusion.h"
#include "ipw/tools/search_corpus.h"
#include "ipw/tools/tools.h"

namespace ipw::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Three dimensions: how often a text speaks of cats, of dogs, and of anything.
Vector meaning(const std::string& text) {
  const auto count = [&](const char* word) {
    float out = 0;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++out;
    return out;
  };
  return {10 * (count("cat") + count("kitten")), 10 * (count("dog") + count("puppy")), 1};
}

Embedded meanings(const std::vector<std::string>& texts, const Patience& = {}) {
  Embedded out;
  for (const auto& text : texts) out.vectors.push_back(meaning(text));
  return out;
}

std::shared_ptr<const Corpus> pets() {
  return std::make_shared<const Corpus>(std::vector<Document>{
      {"a", "The cat sleeps.", {}}, {"b", "A dog barks.", {}}, {"c", "Rain.", {}}, {"d", "Snow.", {}}});
}

std::vector<std::string> ids(const std::vector<Hit>& hits) {
  std::vector<std::string> out;
  for (const auto& hit : hits) out.push_back(hit.document);
  return out;
}

class Folder : public testing::Test {
 protected:
  Folder() : root_(fs::temp_directory_path() / fmt::format("ipw-search-{}", ::getpid())) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "docs/deep");
    fs::create_directories(root_ / "docs/.git");
    write_file_atomic(root_ / "docs/cats.md", "A kitten is a young cat.\n");
    write_file_atomic(root_ / "docs/deep/dogs.txt", "A puppy is a young dog.\nIt barks.\n");
    write_file_atomic(root_ / "docs/image.png", std::string("\x89PNG\0\0", 6));
    write_file_atomic(root_ / "docs/.git/config", "hidden cat");
  }
  ~Folder() override { fs::remove_all(root_); }
  std::unique_ptr<Tool> tool(const char* name, Json options) const {
    options["path"] = (root_ / "docs").string();
    return make_tool(name, {dump_json(options), root_ / "cache", nullptr});
  }
  std::vector<fs::path> kept() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(root_ / "cache")) out.push_back(entry.path());
    return out;
  }
  fs::path root_;
};

TEST(Dense, R5_a_higher_score_is_better_whatever_the_vectors_lengths) {
  const Dense dense(pets(), meanings, {"m", "", ""});
  const auto hits = dense.search("one kitten", 4);
  EXPECT_THAT(ids(hits), ElementsAre("a", "c", "d", "b"));
  EXPECT_NEAR(hits[0].score, 1, 1e-6);
  EXPECT_GT(hits[1].score, hits[3].score);
  EXPECT_EQ(hits[0].id, "a#1");
}

TEST(Dense, R4_equal_scores_are_in_the_order_of_ids) {
  const Dense dense(pets(), meanings, {"m", "", ""});
  EXPECT_THAT(ids(dense.search("weather", 2)), ElementsAre("c", "d"));
  EXPECT_THAT(dense.search("weather", 0), ElementsAre());
  EXPECT_EQ(dense.search("weather", 50).size(), 4U);
}

TEST_F(Folder, R7_a_dense_index_that_was_saved_answers_the_same) {
  const auto path = root_ / "index.dense";
  const Dense built(pets(), meanings, {"m", "", ""});
  built.save(path);
  const auto read = Dense::load(path, pets(), meanings, {"m", "", ""});
  const auto before = built.search("puppy", 4), after = read.search("puppy", 4);
  EXPECT_EQ(ids(before), ids(after));
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i].score, after[i].score);
}

TEST_F(Folder, R5_a_dense_index_of_another_model_is_refused) {
  const auto path = root_ / "index.dense";
  Dense(pets(), meanings, {"m", "", ""}).save(path);
  const auto problem = [&](const std::shared_ptr<const Corpus>& corpus, DenseOptions options) {
    try {
      Dense::load(path, corpus, meanings, std::move(options));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(problem(pets(), {"other", "", ""}), HasSubstr("another model"));
  EXPECT_THAT(problem(pets(), {"m", "query: ", ""}), HasSubstr("other parameters"));
  EXPECT_THAT(
      problem(std::make_shared<Corpus>(std::vector<Document>{{"a", "The cat sleeps!", {}}}), {"m", "", ""}),
      HasSubstr("other documents"));
  auto bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 1;
  write_file_atomic(path, bytes);
  EXPECT_THAT(problem(pets(), {"m", "", ""}), HasSubstr("checksum"));
  for (const std::size_t size : {0U, 7U, 8U, 40U, 120U}) {
    write_file_atomic(path, bytes.substr(0, size));
    EXPECT_NE(problem(pets(), {"m", "", ""}), "") << size;
  }
}

TEST(Dense, refuses_vectors_that_do_not_compare) {
  const auto zeros = [](const std::vector<std::string>& texts, const Patience&) {
    return Embedded{std::vector<Vector>(texts.size(), Vector{0, 0}), 0};
  };
  const auto growing = [](const std::vector<std::string>& texts, const Patience&) {
    Embedded out;
    for (std::size_t i = 0; i < texts.size(); ++i) out.vectors.emplace_back(i + 1, 1.0F);
    return out;
  };
  EXPECT_THROW(Dense(pets(), zeros, {"m", "", ""}), Error);
  EXPECT_THROW(Dense(pets(), growing, {"m", "", ""}), Error);
}

std::shared_ptr<const Corpus> many(std::size_t documents) {
  std::vector<Document> out;
  for (std::size_t i = 0; i < documents; ++i) out.push_back({fmt::format("d{}", i), "A cat.", {}});
  return std::make_shared<const Corpus>(std::move(out));
}

TEST(Dense, says_how_far_it_is_and_ends_when_stopped) {
  std::stop_source stop;
  std::vector<std::size_t> heard;
  const auto embed = [](const std::vector<std::string>& texts, const Patience& patience) {
    if (patience.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "stopped");
    return meanings(texts);
  };
  const auto hear = [&](std::size_t done, std::size_t of) {
    EXPECT_EQ(of, 1000U);
    heard.push_back(done);
    if (heard.size() == 2) stop.request_stop();
  };
  EXPECT_THROW(Dense(many(1000), embed, {"m", "", ""}, stop.get_token(), hear), Error);
  EXPECT_THAT(heard, ElementsAre(256, 512));
}

TEST(Dense, a_question_has_the_time_that_its_asker_has) {
  Seconds most{0};
  const auto embed = [&](const std::vector<std::string>& texts, const Patience& patience) {
    most = patience.most;
    return meanings(texts);
  };
  const auto dense = std::make_shared<Dense>(pets(), embed, DenseOptions{"m", "", ""});
  EXPECT_GT(most, Seconds(1e6)) << "a large corpus takes its time";
  Fusion({{dense, 1.0}}).search("kitten", 3, {Seconds(7), {}});
  EXPECT_EQ(most, Seconds(7));
}

TEST_F(Folder, documents_are_the_text_files_of_a_folder) {
  std::vector<std::string> found;
  for (const auto& document : documents_at(root_ / "docs")) found.push_back(document.id);
  EXPECT_THAT(found, testing::UnorderedElementsAre("cats.md", "deep/dogs.txt"));
  EXPECT_THROW(documents_at(root_ / "none"), Error);
  fs::create_directories(root_ / "empty");
  EXPECT_THROW(documents_at(root_ / "empty"), Error);
}

TEST_F(Folder, search_bm25_shows_passages_and_keeps_its_index) {
  const auto first = tool("retrieval:bm25", {})->call(R"({"query": "kittens"})", {});
  EXPECT_THAT(first.text, StartsWith("[1] cats.md#1 (score: "));
  EXPECT_THAT(first.text, HasSubstr("\nA kitten is a young cat."));
  ASSERT_EQ(kept().size(), 1U);
  const auto time = fs::last_write_time(kept().front());
  EXPECT_EQ(tool("search_bm25", {})->call(R"({"query": "kittens"})", {}).text, first.text);
  EXPECT_EQ(fs::last_write_time(kept().front()), time);
  EXPECT_EQ(tool("search_bm25", {})->call(R"({"query": "zebra"})", {}).text,
            "Nothing was found. Try other words.");
  EXPECT_TRUE(tool("search_bm25", {})->call(R"({"query": "a", "top_k": 51})", {}).failed);
}

TEST_F(Folder, R3_a_changed_document_or_parameter_has_another_index) {
  tool("search_bm25", {});
  tool("search_bm25", {{"k1", 1.2}});
  EXPECT_EQ(kept().size(), 2U);
  write_file_atomic(root_ / "docs/cats.md", "A kitten is a young cat!\n");
  tool("search_bm25", {});
  EXPECT_EQ(kept().size(), 3U);
}

TEST_F(Folder, R6_a_kept_index_that_is_damaged_is_an_error) {
  tool("search_bm25", {});
  write_file_atomic(kept().front(), "IPW-BM25 and nonsense");
  EXPECT_THROW(tool("search_bm25", {}), Error);
}

TEST_F(Folder, Z6_search_text_matches_lines_and_ends_with_any_pattern) {
  const auto grep = tool("retrieval:grep", {});
  EXPECT_EQ(grep->call(R"({"pattern": "pup+y"})", {}).text,
            "deep/dogs.txt:1\n> A >>>puppy<<< is a young dog.\n  It barks.");
  EXPECT_EQ(grep->call(R"({"pattern": "zebra"})", {}).text, "Nothing matches.");
  EXPECT_THAT(grep->call(R"({"pattern": "young", "max_matches": 1})", {}).text,
              HasSubstr("There are more than 1 matches."));
  EXPECT_TRUE(grep->call(R"({"pattern": "("})", {}).failed);
  EXPECT_FALSE(grep->call(R"({"pattern": "(a*)*(a*)*(a*)*b"})", {}).failed);
}

/// A server of embeddings that numbers its rows backwards. Beyond a number of calls it answers none.
std::unique_ptr<http::Server> embedding_server(int& calls, int most = 1000) {
  return http::serve([&calls, most](const http::ServerRequest& request) {
    if (++calls > most)
      return http::ServerResponse{200, {}, {}, [] { return http::Piece{"x", std::chrono::hours(1)}; }};
    const auto body = *parse_json(request.body);
    Json rows = Json::array();
    for (std::size_t i = body["input"].size(); i-- > 0;)
      rows.push_back({{"index", i}, {"embedding", meaning(body["input"][i])}});
    const bool known = body["model"] == "pets" && request.target == "/v1/embeddings";
    return http::ServerResponse{known ? 200 : 404, {}, dump_json({{"data", rows}}), {}};
  });
}

TEST_F(Folder, search_dense_and_hybrid_ask_an_embedding_server) {
  int calls = 0;
  const auto server = embedding_server(calls);
  const Json options = {{"embedding_url", fmt::format("http://127.0.0.1:{}", server->port())},
                        {"embedding_model", "pets"},
                        {"batch", 1}};
  const auto dense = tool("search_dense", options);
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(dense->call(R"({"query": "puppy", "top_k": 1})", {}).text,
              StartsWith("[1] deep/dogs.txt#1 (score: 0.9"));
  EXPECT_EQ(calls, 3);
  const auto hybrid = tool("search_hybrid", options);  // reads both indexes
  EXPECT_EQ(calls, 3);
  EXPECT_THAT(hybrid->call(R"({"query": "kittens", "top_k": 1})", {}).text, StartsWith("[1] cats.md#1"));
  EXPECT_EQ(kept().size(), 2U);
}

TEST_F(Folder, search_dense_waits_no_longer_than_the_task_may) {
  int calls = 0;
  const auto server = embedding_server(calls, 1);
  const auto dense = tool(
      "search_dense",
      {{"embedding_url", fmt::format("http://127.0.0.1:{}", server->port())}, {"embedding_model", "pets"}});
  const auto late = dense->call(R"({"query": "puppy"})", {.wall = Seconds(0.05)});
  EXPECT_TRUE(late.failed);
  EXPECT_THAT(late.text, HasSubstr("Timeout"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(dense->call(R"({"query": "puppy"})", {.stop = stop.get_token()}).text, HasSubstr("stopped"));
}

TEST_F(Folder, making_an_index_can_be_stopped) {
  for (const Json& options : {Json{{"embedding_gguf", IPW_SOURCE_DIR "/models/tiny-36k.gguf"}},
                              Json{{"embedding_url", "http://127.0.0.1:9"}, {"embedding_model", "pets"}}}) {
    std::stop_source stop;
    stop.request_stop();
    auto given = options;
    given["path"] = (root_ / "docs").string();
    try {
      make_tool("search_dense",
                {.options_json = dump_json(given), .cache_dir = root_ / "cache", .stop = stop.get_token()});
      FAIL() << "nobody stopped " << options;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::Cancelled) << error.what();
    }
    EXPECT_FALSE(fs::exists(root_ / "cache") && !kept().empty());
  }
}

TEST_F(Folder, search_dense_says_what_is_wrong_with_its_server) {
  int calls = 0;
  const auto server = embedding_server(calls);
  const auto url = fmt::format("http://127.0.0.1:{}/v1", server->port());
  EXPECT_THROW(tool("search_dense", {{"embedding_url", url}, {"embedding_model", "none"}}), Error);
  EXPECT_THROW(tool("search_dense", {{"embedding_url", "http://127.0.0.1:9"}, {"embedding_model", "pets"}}),
               Error);
  EXPECT_THROW(tool("search_dense", {{"embedding_model", "pets"}}), Error);
}

/// The model of tests; the mean over its tokens is no good search, but a search.
constexpr auto kGguf = IPW_SOURCE_DIR "/models/tiny-36k.gguf";

TEST_F(Folder, search_dense_and_hybrid_embed_by_a_model_in_this_process) {
  const Json options = {{"embedding_gguf", kGguf}, {"embedding_threads", 1}};
  const auto asked = R"({"query": "A kitten is a young cat."})";
  const auto first = tool("search_dense", options)->call(asked, {});
  EXPECT_THAT(first.text, StartsWith("[1] cats.md#1 (score: 1.0000)"));
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(tool("search_dense", options)->call(asked, {}).text, first.text);
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_THAT(tool("search_hybrid", options)->call(asked, {}).text, StartsWith("[1] cats.md#1"));
}

TEST_F(Folder, R5_an_index_is_of_the_models_bytes_not_of_its_name) {
  fs::copy_file(kGguf, root_ / "model.gguf");
  const Json options = {{"embedding_gguf", (root_ / "model.gguf").string()}};
  tool("search_dense", options);
  const auto first = kept();
  ASSERT_EQ(first.size(), 1U);
  tool("search_dense", {{"embedding_gguf", kGguf}});  // the same bytes elsewhere
  EXPECT_EQ(kept(), first);
  fs::remove(root_ / "model.gguf");
  fs::copy_file(IPW_SOURCE_DIR "/models/tiny-360k.gguf", root_ / "model.gguf");
  tool("search_dense", options);
  ASSERT_EQ(kept().size(), 2U);
  // The file of one model under the name of the other's.
  const auto second = kept()[0] == first[0] ? kept()[1] : kept()[0];
  fs::copy_file(first[0], second, fs::copy_options::overwrite_existing);
  try {
    tool("search_dense", options);
    FAIL() << "an index of another model was taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("another model"));
  }
}

TEST_F(Folder, passages_longer_than_the_models_context_are_counted_and_told) {
  write_file_atomic(root_ / "docs/long.txt", std::string(700, 'z') + " end\n");
  testing::internal::CaptureStderr();
  const auto search = tool("search_dense", {{"embedding_gguf", kGguf}, {"embedding_ctx", 256}});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("1 of 3 passages are longer"));
  testing::internal::CaptureStderr();
  EXPECT_FALSE(search->call(dump_json({{"query", std::string(700, 'z')}}), {}).failed);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("its end was cut"));
}

TEST_F(Folder, embeddings_come_from_a_server_or_from_a_model_and_never_from_both) {
  const auto problem = [&](Json options) {
    try {
      tool("search_dense", std::move(options));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::Usage) << error.what();
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(problem({}), HasSubstr("'embedding_url' is missing"));
  EXPECT_THAT(problem({{"embedding_gguf", kGguf}, {"embedding_url", "http://x"}}),
              HasSubstr("'embedding_url'"));
  EXPECT_THAT(problem({{"embedding_gguf", kGguf}, {"batch", 8}}), HasSubstr("'batch'"));
  EXPECT_THAT(problem({{"embedding_gguf", kGguf}, {"embedding_threads", 0}}),
              HasSubstr("'embedding_threads'"));
  EXPECT_THAT(problem({{"embedding_gguf", "no-such-model"}}), HasSubstr("no-such-model"));
  EXPECT_THAT(problem({{"embedding_url", "http://x"}, {"embedding_model", "m"}, {"embedding_ctx", 64}}),
              HasSubstr("'embedding_ctx'"));
}

}  // namespace
}  // namespace ipw::tools
