// SPDX-License-Identifier: Apache-2.0
// The tools search_bm25, search_dense, search_hybrid and search_text over documents that the user names.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/fusion.h"
#include "ipw/tools/grep.h"
#include "ipw/tools/search_corpus.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"query", ArgumentType::Text, "What to look for.", true},
    Argument{"top_k", ArgumentType::Integer, "How many passages, 1 to 50. Default 5."},
};
constexpr std::array kTextArguments = {
    Argument{"pattern", ArgumentType::Text, "A regular expression (RE2), matched line by line.", true},
    Argument{"ignore_case", ArgumentType::Flag, "Default true."},
    Argument{"max_matches", ArgumentType::Integer, "1 to 200. Default 50."},
};

constexpr Argument kPath{"path", ArgumentType::Text, "A folder of texts or a file of JSON Lines.", true};
constexpr Argument kChunk{"chunk_bytes", ArgumentType::Integer, "Longest passage."};
constexpr Argument kOverlap{"overlap", ArgumentType::Integer, "Bytes that two passages share."};
constexpr Argument kTopK{"top_k", ArgumentType::Integer, "Passages where the model does not say."};
constexpr Argument kK1{"k1", ArgumentType::Number, "BM25's k1."};
constexpr Argument kB{"b", ArgumentType::Number, "BM25's b."};
constexpr Argument kUrl{"embedding_url", ArgumentType::Text, "Base URL of the embeddings' server."};
constexpr Argument kModel{"embedding_model", ArgumentType::Text, "Its model."};
constexpr Argument kKeyEnv{"embedding_key_env", ArgumentType::Text, "Environment variable of its key."};
constexpr Argument kGguf{"embedding_gguf", ArgumentType::Text, "A GGUF model in this process instead."};
constexpr Argument kCtx{"embedding_ctx", ArgumentType::Integer, "Its longest text in tokens."};
constexpr Argument kThreads{"embedding_threads", ArgumentType::Integer, "Its threads."};
constexpr Argument kGpuLayers{"embedding_gpu_layers", ArgumentType::Integer, "Its layers on a GPU."};
constexpr Argument kBatch{"batch", ArgumentType::Integer, "Texts of a request."};
constexpr Argument kQueryPrefix{"query_prefix", ArgumentType::Text, "In front of each query."};
constexpr Argument kDocumentPrefix{"document_prefix", ArgumentType::Text, "In front of each passage."};
constexpr Argument kWeightWords{"weight_words", ArgumentType::Number, "Weight of BM25."};
constexpr Argument kWeightMeaning{"weight_meaning", ArgumentType::Number, "Weight of the embeddings."};

constexpr std::array kBm25Options = {kPath, kChunk, kOverlap, kTopK, kK1, kB};
constexpr std::array kDenseOptions = {kPath,    kChunk,     kOverlap,     kTopK,          kUrl,
                                      kModel,   kKeyEnv,    kBatch,       kGguf,          kCtx,
                                      kThreads, kGpuLayers, kQueryPrefix, kDocumentPrefix};
constexpr std::array kHybridOptions = {
    kPath,    kChunk,     kOverlap,     kTopK,           kK1,          kB,
    kUrl,     kModel,     kKeyEnv,      kBatch,          kGguf,        kCtx,
    kThreads, kGpuLayers, kQueryPrefix, kDocumentPrefix, kWeightWords, kWeightMeaning};
constexpr std::array kTextOptions = {kPath};

constexpr std::int64_t kMostPassages = 50, kMostMatches = 200;

class Search final : public CheckedTool {
 public:
  Search(std::string_view name, std::string_view how, std::shared_ptr<const Corpus> corpus,
         std::shared_ptr<const Retriever> retriever, std::int64_t top_k)
      : CheckedTool(name,
                    fmt::format("Search {} documents {} and get the passages that fit best, each with the "
                                "document it is from.",
                                corpus->documents().size(), how),
                    kArguments),
        corpus_(std::move(corpus)),
        retriever_(std::move(retriever)),
        top_k_(top_k) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    const auto top_k = arguments.value("top_k", top_k_);
    if (top_k < 1 || top_k > kMostPassages)
      return failed(fmt::format("{}: 'top_k' is 1 to {}", spec().name, kMostPassages));
    const auto query = arguments.at("query").get<std::string>();
    if (trim(query).empty()) return failed(fmt::format("{}: 'query' is empty", spec().name));
    ToolResult out;
    int rank = 0;
    for (const auto& hit :
         retriever_->search(query, static_cast<std::size_t>(top_k), {context.wall, context.stop})) {
      const auto* document = corpus_->find(hit.document);
      out.text += fmt::format("[{}] {} (score: {:.4f})\n{}\n\n", ++rank, hit.id, hit.score,
                              std::string_view(document->content).substr(hit.begin, hit.end - hit.begin));
    }
    out.text = rank == 0 ? "Nothing was found. Try other words." : std::string(trim(out.text));
    return out;
  }

  std::shared_ptr<const Corpus> corpus_;
  std::shared_ptr<const Retriever> retriever_;
  std::int64_t top_k_;
};

class SearchText final : public CheckedTool {
 public:
  explicit SearchText(std::shared_ptr<const Corpus> corpus)
      : CheckedTool("search_text",
                    fmt::format("Search the lines of {} documents by a regular expression and get each line "
                                "that matches with two lines around it.",
                                corpus->documents().size()),
                    kTextArguments),
        corpus_(std::move(corpus)) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    GrepOptions options;
    options.ignore_case = arguments.value("ignore_case", true);
    const auto most = arguments.value("max_matches", static_cast<std::int64_t>(options.most_matches));
    if (most < 1 || most > kMostMatches)
      return failed(fmt::format("search_text: 'max_matches' is 1 to {}", kMostMatches));
    options.most_matches = static_cast<std::size_t>(most);
    options.too_late = [&] { return context.stop.stop_requested(); };
    const auto found = grep(*corpus_, arguments.at("pattern").get<std::string>(), options);
    ToolResult out;
    for (const auto& match : found.matches) out.text += shown(match);
    if (found.is_cut) out.text += fmt::format("There are more than {} matches.", most);
    out.text = found.matches.empty() ? "Nothing matches." : std::string(trim(out.text));
    return out;
  }

  static std::string shown(const GrepMatch& match) {
    std::string out = fmt::format("{}:{}\n", match.document, match.line);
    for (const auto& line : match.above) out += "  " + line + "\n";
    out += fmt::format("> {}>>>{}<<<{}\n", match.before, match.match, match.after);
    for (const auto& line : match.below) out += "  " + line + "\n";
    return out + "\n";
  }

  std::shared_ptr<const Corpus> corpus_;
};

std::int64_t top_k_of(std::string_view tool, const Json& options) {
  const auto top_k = options.value("top_k", std::int64_t{5});
  if (top_k < 1 || top_k > kMostPassages)
    throw Error(ErrorCode::Usage,
                fmt::format("options of the tool {}: 'top_k' is 1 to {}", tool, kMostPassages));
  return top_k;
}

}  // namespace

std::unique_ptr<Tool> make_search_bm25(const ToolOptions& options) {
  const Json given = read_options("search_bm25", options.options_json, kBm25Options);
  const auto top_k = top_k_of("search_bm25", given);
  auto corpus = open_corpus(given);
  auto index = open_bm25(corpus, given, options);
  return std::make_unique<Search>("search_bm25", "by words", std::move(corpus), std::move(index), top_k);
}

std::unique_ptr<Tool> make_search_dense(const ToolOptions& options) {
  const Json given = read_options("search_dense", options.options_json, kDenseOptions);
  const auto top_k = top_k_of("search_dense", given);
  auto corpus = open_corpus(given);
  auto index = open_dense(corpus, given, options);
  return std::make_unique<Search>("search_dense", "by meaning", std::move(corpus), std::move(index), top_k);
}

std::unique_ptr<Tool> make_search_hybrid(const ToolOptions& options) {
  const Json given = read_options("search_hybrid", options.options_json, kHybridOptions);
  const auto top_k = top_k_of("search_hybrid", given);
  auto corpus = open_corpus(given);
  std::vector<WeightedRetriever> both = {
      {open_bm25(corpus, given, options), given.value("weight_words", 0.5)},
      {open_dense(corpus, given, options), given.value("weight_meaning", 0.5)}};
  auto fused = std::make_shared<Fusion>(std::move(both));
  return std::make_unique<Search>("search_hybrid", "by words and by meaning", std::move(corpus),
                                  std::move(fused), top_k);
}

std::unique_ptr<Tool> make_search_text(const ToolOptions& options) {
  const Json given = read_options("search_text", options.options_json, kTextOptions);
  return std::make_unique<SearchText>(open_corpus(given));
}

}  // namespace ipw::tools
