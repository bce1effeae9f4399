// SPDX-License-Identifier: Apache-2.0
// Embeddings by llama.cpp (module "llama").
#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <mutex>
#include <numeric>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/clients/llama_api.h"
#include "ipw/clients/llama_library.h"

namespace ipw::clients {
namespace {

constexpr int kDefaultContext = 2048;

using PoolingType = enum llama_pooling_type;  // a function has the same name

/// What the file says; without a word of it (-1) or with "none" (0) the mean of all tokens is taken.
struct Pooling {
  PoolingType type = LLAMA_POOLING_TYPE_MEAN;
  bool is_named = false;
};

std::string meta(const llama_model& model, const std::string& key) {
  std::string text(128, '\0');
  const int n = llama_model_meta_val_str(&model, key.c_str(), text.data(), text.size());
  text.resize(static_cast<std::size_t>(std::clamp(n, 0, static_cast<int>(text.size()) - 1)));
  return text;
}

Pooling pooling_of(const llama_model& model) {
  const auto named = parse_int(meta(model, meta(model, "general.architecture") + ".pooling_type"));
  if (!named || *named <= LLAMA_POOLING_TYPE_NONE || *named > LLAMA_POOLING_TYPE_RANK) return {};
  return {static_cast<PoolingType>(*named), true};
}

std::string_view name_of(PoolingType type) {
  switch (type) {
    case LLAMA_POOLING_TYPE_CLS:
      return "cls";
    case LLAMA_POOLING_TYPE_LAST:
      return "last";
    default:
      return "mean";
  }
}

void refuse_other_kinds(const EmbedderOptions& options, const llama_model& model, const Pooling& pooling) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::Format, fmt::format("{} {}", options.model.string(), what),
                "take a model for embeddings, such as those of the families BERT, Nomic or Qwen3-Embedding");
  };
  if (llama_model_has_encoder(&model) && llama_model_has_decoder(&model))
    refuse("has an encoder and a decoder: llama.cpp makes no embeddings of it");
  if (pooling.type == LLAMA_POOLING_TYPE_RANK)
    refuse("is a model that ranks pairs of texts: it gives one number and no vector");
}

int context_of(const EmbedderOptions& options, const llama_model& model) {
  const int trained = llama_model_n_ctx_train(&model);
  if (!options.context) return std::min(trained, kDefaultContext);
  // Models with a table of positions have no row for more.
  if (*options.context >= 8 && *options.context <= trained) return *options.context;
  throw Error(ErrorCode::Usage,
              fmt::format("{} cannot embed texts of {} tokens", options.model.string(), *options.context),
              fmt::format("its context is 8 to {} tokens", trained));
}

/// One text is one batch and one micro-batch: pooling sees the tokens of one micro-batch alone, and attention
/// that looks ahead needs them all at once.
Owned<llama_context> make_context(llama_model& model, const EmbedderOptions& options,
                                  const Pooling& pooling) {
  auto params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(context_of(options, model));
  params.n_seq_max = 1;
  params.n_threads = params.n_threads_batch = options.threads;
  params.embeddings = true;
  params.pooling_type = pooling.type;
  params.no_perf = true;
  Owned<llama_context> context(llama_init_from_model(&model, params));
  if (context) return context;
  throw Error(
      ErrorCode::Unavailable,
      fmt::format("{}: no context of {} tokens: {}", options.model.string(), params.n_ctx, last_complaint()),
      "ask for less with embedding_ctx");
}

/// The tokens of one text as a batch. All are outputs: the library says so itself, with a warning each time.
class OneText {
 public:
  llama_batch of(const std::vector<int>& tokens) {
    tokens_.assign(tokens.begin(), tokens.end());
    positions_.resize(tokens.size());
    std::iota(positions_.begin(), positions_.end(), 0);
    counts_.assign(tokens.size(), 1);
    sequences_.assign(tokens.size(), &sequence_);
    outputs_.assign(tokens.size(), 1);
    return {static_cast<int>(tokens.size()),
            tokens_.data(),
            nullptr,
            positions_.data(),
            counts_.data(),
            sequences_.data(),
            outputs_.data()};
  }

 private:
  llama_seq_id sequence_ = 0;
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<std::int32_t> counts_;
  std::vector<llama_seq_id*> sequences_;
  std::vector<std::int8_t> outputs_;
};

class LlamaEmbedder final : public Embedder {
 public:
  explicit LlamaEmbedder(const EmbedderOptions& options)
      : model_(load_model(options.model, options.gpu_layers)),
        pooling_(pooling_of(*model_)),
        vocab_(llama_model_get_vocab(model_.get())) {
    refuse_other_kinds(options, *model_, pooling_);
    context_ = make_context(*model_, options, pooling_);
    facts_.dimensions = static_cast<std::size_t>(llama_model_n_embd_out(model_.get()));
    facts_.context = std::min(llama_n_batch(context_.get()), llama_n_ctx_seq(context_.get()));
    facts_.pooling = name_of(pooling_.type);
    if (!pooling_.is_named)
      facts_.warnings.push_back(
          fmt::format("{} does not say how its tokens become one vector: their mean is taken. A "
                      "model for embeddings finds more",
                      options.model.string()));
  }

  const EmbedderFacts& facts() const override { return facts_; }
  Embedded embed(const std::vector<std::string>& texts) override;

 private:
  /// Cut at the context; true when something was lost. The token that the model wants at the end stays there.
  bool cut(std::vector<int>& tokens) const;
  const float* run(const std::vector<int>& tokens);

  std::mutex mutex_;  ///< guards context_ and batch_
  Owned<llama_model> model_;
  Pooling pooling_;
  const llama_vocab* vocab_;
  Owned<llama_context> context_;
  OneText batch_;
  EmbedderFacts facts_;
};

bool LlamaEmbedder::cut(std::vector<int>& tokens) const {
  if (tokens.size() <= facts_.context) return false;
  const int last = tokens.back();
  tokens.resize(facts_.context);
  const bool ends = (llama_vocab_get_add_eos(vocab_) && last == llama_vocab_eos(vocab_)) ||
                    (llama_vocab_get_add_sep(vocab_) && last == llama_vocab_sep(vocab_));
  if (ends) tokens.back() = last;
  return true;
}

const float* LlamaEmbedder::run(const std::vector<int>& tokens) {
  const auto batch = batch_.of(tokens);
  auto* memory = llama_get_memory(context_.get());
  if (memory != nullptr) llama_memory_clear(memory, true);
  const int status =
      memory != nullptr ? llama_decode(context_.get(), batch) : llama_encode(context_.get(), batch);
  const float* out = status == 0 ? llama_get_embeddings_seq(context_.get(), 0) : nullptr;
  if (out != nullptr) return out;
  throw Error(ErrorCode::Unavailable,
              fmt::format("llama.cpp failed to embed a text of {} tokens, status {}: {}", tokens.size(),
                          status, last_complaint()));
}

Embedded LlamaEmbedder::embed(const std::vector<std::string>& texts) {
  Embedded out;
  for (const auto& text : texts) {
    auto tokens = tokenize(*vocab_, text, false);
    if (tokens.empty())
      throw Error(ErrorCode::Format, "a text that is to be embedded has no tokens", "leave empty texts out");
    out.cut += cut(tokens) ? 1 : 0;
    const std::lock_guard lock(mutex_);
    const float* vector = run(tokens);  // synchronises, so that the vector is there
    out.vectors.emplace_back(vector, vector + facts_.dimensions);
  }
  return out;
}

}  // namespace

std::unique_ptr<Embedder> load_embedder(const EmbedderOptions& options, LogSink sink) {
  start_library(sink);
  return std::make_unique<LlamaEmbedder>(options);
}

}  // namespace ipw::clients
