// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/search_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/clients/models.h"
#include "ipw/tools/index_file.h"

namespace ipw::tools {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t kLargestFile = std::uintmax_t{64} << 20;
constexpr std::size_t kLooked = 4096;
constexpr Nanoseconds kBetweenNews = std::chrono::seconds(10);

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

bool is_text(const std::string& content) {
  return !trim(content).empty() &&
         std::string_view(content).substr(0, kLooked).find('\0') == std::string_view::npos;
}

std::vector<Document> documents_below(const fs::path& folder) {
  std::vector<Document> out;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
    if (is_hidden(it->path())) {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file() || it->is_symlink()) continue;
    if (it->file_size() > kLargestFile) {
      log::warning("{} is left out of the search: it is larger than 64 MiB", it->path().string());
      continue;
    }
    auto content = read_file(it->path());
    if (!is_text(content)) continue;
    out.push_back({fs::relative(it->path(), folder).generic_string(), to_valid_utf8(content), {}});
  }
  return out;
}

fs::path cache_of(const ToolOptions& tool) {
  return tool.cache_dir.empty() ? clients::model_options_from_environment().cache_dir / "indexes"
                                : tool.cache_dir;
}

template <class Index>
std::shared_ptr<const Retriever> kept(Index index, const fs::path& path) {
  try {
    make_directories(path.parent_path());
    index.save(path);
  } catch (const Error& error) {
    log::warning("the index is not kept for the next run: {}", error.what());
  }
  return std::make_shared<Index>(std::move(index));
}

/// Tells how far the making of an index is, every ten seconds.
OnEmbedded progress_of(const ToolOptions& tool) {
  if (!tool.tell || tool.clock == nullptr) return {};
  return [&clock = *tool.clock, tell = tool.tell, next = tool.clock->now() + kBetweenNews](
             std::size_t done, std::size_t of) mutable {
    if (done == of || clock.now() < next) return;
    next = clock.now() + kBetweenNews;
    tell(fmt::format("the index of embeddings has {} of {} passages", done, of));
  };
}

LocalEmbeddings embeddings_of_server(const Json& options) {
  for (const char* key : {"embedding_url", "embedding_model"})
    if (!options.contains(key))
      throw Error(ErrorCode::Usage, fmt::format("options of a search tool: '{}' is missing", key),
                  "give embedding_url and embedding_model of a server, or embedding_gguf for a model in this "
                  "process");
  EmbeddingServer server;
  server.base_url = options.at("embedding_url").get<std::string>();
  server.model = options.at("embedding_model").get<std::string>();
  server.batch = static_cast<std::size_t>(std::clamp<std::int64_t>(options.value("batch", 32), 1, 2048));
  if (const auto name = options.value("embedding_key_env", std::string()); !name.empty())
    if (const char* key = std::getenv(name.c_str()); key != nullptr) server.key = key;
  return {embed_by_server(server), server.model};
}

int small_number(const Json& options, const char* key, int least) {
  const auto value = options.at(key).get<std::int64_t>();
  if (value >= least && value <= 1 << 30) return static_cast<int>(value);
  throw Error(ErrorCode::Usage, fmt::format("options of a search tool: '{}' is {}", key, value),
              fmt::format("give a whole number from {} on", least));
}

LocalEmbeddings embeddings_of_gguf(const Json& options) {
  for (const char* key : {"embedding_url", "embedding_model", "embedding_key_env", "batch"})
    if (options.contains(key))
      throw Error(
          ErrorCode::Usage,
          fmt::format("options of a search tool: '{}' is of a server, but embedding_gguf names a model in "
                      "this process",
                      key),
          "give one of the two");
  auto models = clients::model_options_from_environment();
  models.announce = [](const std::string& what) { log::warning("{}", what); };
  clients::EmbedderOptions embedder;
  embedder.model = clients::resolve_model(options.at("embedding_gguf").get<std::string>(), models);
  if (options.contains("embedding_ctx")) embedder.context = small_number(options, "embedding_ctx", 1);
  if (options.contains("embedding_threads")) embedder.threads = small_number(options, "embedding_threads", 1);
  if (options.contains("embedding_gpu_layers"))
    embedder.gpu_layers = small_number(options, "embedding_gpu_layers", 0);
  return embed_by_gguf(embedder);
}

LocalEmbeddings embeddings_of(const Json& options) {
  if (options.contains("embedding_gguf")) return embeddings_of_gguf(options);
  for (const char* key : {"embedding_ctx", "embedding_threads", "embedding_gpu_layers"})
    if (options.contains(key))
      throw Error(ErrorCode::Usage,
                  fmt::format("options of a search tool: '{}' is of a model in this process", key),
                  "name the model with embedding_gguf");
  return embeddings_of_server(options);
}

}  // namespace

std::vector<Document> documents_at(const fs::path& path) {
  if (!fs::exists(path))
    throw Error(ErrorCode::NotFound, fmt::format("there are no documents at {}", path.string()),
                "'path' names a folder of text files or a file of JSON Lines (docs/reference/retrieval.md)");
  auto out = fs::is_directory(path) ? documents_below(path) : read_documents(path);
  if (out.empty())
    throw Error(ErrorCode::NotFound, fmt::format("no text is in {}", path.string()),
                "put text files there; PDF and office documents are not read");
  return out;
}

std::shared_ptr<const Corpus> open_corpus(const Json& options) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const Corpus>> open;  // guarded by mutex
  ChunkOptions chunks;
  const auto count = [&](const char* key, std::size_t fallback) {
    const auto value = options.value(key, static_cast<std::int64_t>(fallback));
    if (value < 0)
      throw Error(ErrorCode::Usage, fmt::format("options of a search tool: '{}' is below 0", key));
    return static_cast<std::size_t>(value);
  };
  chunks.max_bytes = count("chunk_bytes", chunks.max_bytes);
  chunks.overlap = count("overlap", chunks.overlap);
  const auto path = options.at("path").get<std::string>();
  const std::lock_guard lock(mutex);
  auto& place = open[fmt::format("{}\n{} {}", path, chunks.max_bytes, chunks.overlap)];
  if (auto corpus = place.lock()) return corpus;
  auto corpus = std::make_shared<const Corpus>(documents_at(path), chunks);
  place = corpus;
  return corpus;
}

std::shared_ptr<const Retriever> open_bm25(const std::shared_ptr<const Corpus>& corpus, const Json& options,
                                           const ToolOptions& tool) {
  Bm25Options parameters;
  parameters.k1 = options.value("k1", parameters.k1);
  parameters.b = options.value("b", parameters.b);
  const auto name = fmt::format("{} {}", options.at("path").get<std::string>(),
                                content_key(*corpus, fmt::format("bm25 {} {}", parameters.k1, parameters.b)));
  const auto path = index_path(cache_of(tool), name);
  if (fs::exists(path)) return std::make_shared<Bm25>(Bm25::load(path, corpus, parameters));
  return kept(Bm25(corpus, parameters), path);
}

std::shared_ptr<const Retriever> open_dense(const std::shared_ptr<const Corpus>& corpus, const Json& options,
                                            const ToolOptions& tool) {
  auto [embed, model] = embeddings_of(options);
  DenseOptions parameters{std::move(model), options.value("query_prefix", std::string()),
                          options.value("document_prefix", std::string())};
  auto path = index_path(cache_of(tool), fmt::format("{} {}", options.at("path").get<std::string>(),
                                                     dense_key(*corpus, parameters)));
  path.replace_extension(".dense");
  if (fs::exists(path))
    return std::make_shared<Dense>(Dense::load(path, corpus, std::move(embed), std::move(parameters)));
  Dense dense(corpus, std::move(embed), std::move(parameters), tool.stop, progress_of(tool));
  if (dense.cut() > 0)
    log::warning(
        "{} of {} passages are longer than the context of the model of embeddings; their ends are not "
        "searched: take a smaller chunk_bytes or a larger embedding_ctx",
        dense.cut(), corpus->chunks().size());
  return kept(std::move(dense), path);
}

}  // namespace ipw::tools
