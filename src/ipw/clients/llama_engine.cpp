// SPDX-License-Identifier: Apache-2.0
// Generation by llama.cpp, and the table of the module "llama".
#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/module.h"
#include "ipw/base/text.h"
#include "ipw/clients/llama_api.h"
#include "ipw/clients/llama_batcher.h"
#include "ipw/clients/llama_chat.h"
#include "ipw/clients/llama_library.h"

namespace ipw::clients {
namespace {

constexpr int kDefaultContext = 4096;

llama_flash_attn_type flash_attention(const EngineOptions& options) {
  if (!options.flash_attention) return LLAMA_FLASH_ATTN_TYPE_AUTO;
  return *options.flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
}

Owned<llama_context> make_context(llama_model& model, const EngineOptions& options) {
  auto params = llama_context_default_params();
  const int per_request =
      options.context.value_or(std::min(llama_model_n_ctx_train(&model), kDefaultContext));
  params.n_seq_max = static_cast<std::uint32_t>(options.sequences);
  params.n_ctx = static_cast<std::uint32_t>(per_request) * params.n_seq_max;
  params.n_batch = static_cast<std::uint32_t>(std::max(options.batch, options.sequences));
  params.n_ubatch = params.n_batch;
  params.n_threads = params.n_threads_batch = options.threads;
  params.flash_attn_type = flash_attention(options);
  params.no_perf = true;
  // Each request attends to its own cache only, so a neighbour's length does not change its work.
  params.kv_unified = false;
  Owned<llama_context> context(llama_init_from_model(&model, params));
  if (context) return context;
  throw Error(ErrorCode::Unavailable,
              fmt::format("{}: no context of {} x {} tokens: {}", options.model.string(), options.sequences,
                          per_request, last_complaint()),
              "ask for less with --client-param ctx=N or --concurrency N");
}

/// The chain for temperature > 0: temperature, then nucleus, then a draw.
Owned<llama_sampler> make_sampler(const Sampling& sampling, std::uint32_t default_seed) {
  Owned<llama_sampler> chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(static_cast<float>(sampling.temperature)));
  if (sampling.top_p)
    llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(static_cast<float>(*sampling.top_p), 1));
  // The library reads the largest seed as "random".
  const auto seed = static_cast<std::uint32_t>(sampling.seed.value_or(default_seed)) & 0x7FFFFFFF;
  llama_sampler_chain_add(chain.get(), llama_sampler_init_dist(seed));
  return chain;
}

/// The first of the largest. Eight maxima at once, then a search for the winner: over a vocabulary of 49,152
/// that is five times as fast as following the position, which took 1.7 % of SmolLM2's decode time.
int arg_max(std::span<const float> logits) {
  constexpr std::size_t kLanes = 8;
  std::array<float, kLanes> largest;
  largest.fill(-std::numeric_limits<float>::infinity());
  const std::size_t whole = logits.size() - logits.size() % kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float value = logits[i + lane];
      largest[lane] = value > largest[lane] ? value : largest[lane];
    }
  }
  float most = *std::ranges::max_element(largest);
  for (const float value : logits.subspan(whole)) most = std::max(most, value);
  const auto found = std::ranges::find(logits, most);
  return found == logits.end() ? 0 : static_cast<int>(found - logits.begin());
}

class LlamaModel final : public TokenModel {
 public:
  explicit LlamaModel(const EngineOptions& options)
      : default_seed_(options.seed),
        model_(load_model(options.model, options.gpu_layers)),
        context_(make_context(*model_, options)),
        vocab_(llama_model_get_vocab(model_.get())),
        samplers_(static_cast<std::size_t>(options.sequences)),
        batch_(llama_batch_init(static_cast<int>(llama_n_batch(context_.get())), 0, 1)) {}
  ~LlamaModel() override { llama_batch_free(batch_); }
  LlamaModel(const LlamaModel&) = delete;
  LlamaModel& operator=(const LlamaModel&) = delete;

  std::optional<std::string> decode(std::span<const BatchToken> tokens) override;
  std::size_t begin(int sequence, std::size_t keep, const Sampling& sampling) override;
  int sample(int sequence, int batch_index) override;
  std::string piece(int token) const override { return piece(token, false); }
  bool ends_generation(int token) const override { return llama_vocab_is_eog(vocab_, token); }

  std::string piece(int token, bool special) const;
  /// Tokenise a rendered prompt; the model's own rule says whether BOS goes in front. Thread-safe.
  std::vector<int> tokenize(std::string_view text) const { return clients::tokenize(*vocab_, text, true); }
  ChatTemplate chat_template() const;
  llama_model& model() const { return *model_; }
  llama_context& context() const { return *context_; }

 private:
  std::uint32_t default_seed_;
  Owned<llama_model> model_;
  Owned<llama_context> context_;
  const llama_vocab* vocab_;
  std::vector<Owned<llama_sampler>> samplers_;  ///< per sequence; null is greedy
  llama_batch batch_;
};

std::optional<std::string> LlamaModel::decode(std::span<const BatchToken> tokens) {
  batch_.n_tokens = static_cast<int>(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    batch_.token[i] = tokens[i].token;
    batch_.pos[i] = tokens[i].position;
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = tokens[i].sequence;
    batch_.logits[i] = tokens[i].logits ? 1 : 0;
  }
  const int status = llama_decode(context_.get(), batch_);
  if (status == 0) {
    llama_synchronize(context_.get());
    return {};
  }
  llama_memory_clear(llama_get_memory(context_.get()), true);
  return fmt::format("llama_decode of {} tokens failed with status {}: {}", tokens.size(), status,
                     last_complaint());
}

std::size_t LlamaModel::begin(int sequence, std::size_t keep, const Sampling& sampling) {
  auto* memory = llama_get_memory(context_.get());
  // Recurrent states cannot be cut in the middle; then nothing is kept.
  if (keep > 0 && !llama_memory_seq_rm(memory, sequence, static_cast<llama_pos>(keep), -1)) keep = 0;
  if (keep == 0) llama_memory_seq_rm(memory, sequence, -1, -1);
  auto& sampler = samplers_[static_cast<std::size_t>(sequence)];
  sampler = sampling.temperature > 0 ? make_sampler(sampling, default_seed_) : nullptr;
  return keep;
}

int LlamaModel::sample(int sequence, int batch_index) {
  if (auto& sampler = samplers_[static_cast<std::size_t>(sequence)])
    return llama_sampler_sample(sampler.get(), context_.get(), batch_index);
  return arg_max({llama_get_logits_ith(context_.get(), batch_index),
                  static_cast<std::size_t>(llama_vocab_n_tokens(vocab_))});
}

std::string LlamaModel::piece(int token, bool special) const {
  std::string text(32, '\0');
  int n = llama_token_to_piece(vocab_, token, text.data(), static_cast<int>(text.size()), 0, special);
  if (n < 0) {
    text.resize(static_cast<std::size_t>(-n));
    n = llama_token_to_piece(vocab_, token, text.data(), static_cast<int>(text.size()), 0, special);
  }
  text.resize(static_cast<std::size_t>(std::max(n, 0)));
  return text;
}

ChatTemplate LlamaModel::chat_template() const {
  const auto name = [&](llama_token token) { return token < 0 ? std::string() : piece(token, true); };
  const char* source = llama_model_chat_template(model_.get(), nullptr);
  return {source ? source : "", name(llama_vocab_bos(vocab_)), name(llama_vocab_eos(vocab_))};
}

/// Render with libllama's list of known templates, which it recognises by their looks.
std::optional<std::string> render_known(const std::string& source, const std::vector<Message>& messages) {
  std::vector<llama_chat_message> raw;
  std::size_t size = 256;
  for (const auto& message : messages) {
    raw.push_back({message.role.c_str(), message.content.c_str()});
    size += 2 * (message.role.size() + message.content.size()) + 64;
  }
  std::string text(size, '\0');
  const int n = llama_chat_apply_template(source.c_str(), raw.data(), raw.size(), true, text.data(),
                                          static_cast<int>(text.size()));
  if (n < 0 || static_cast<std::size_t>(n) > text.size()) return {};
  text.resize(static_cast<std::size_t>(n));
  return text;
}

std::string join_contents(const std::vector<Message>& messages) {
  std::string text;
  for (const auto& message : messages) text += (text.empty() ? "" : "\n") + message.content;
  return text;
}

class LlamaEngine final : public Engine {
 public:
  LlamaEngine(const EngineOptions& options, Clock& clock)
      : options_(options), clock_(clock), model_(options), template_(model_.chat_template()) {
    choose_rendering();
    describe();
    batcher_.emplace(model_,
                     BatcherOptions{options.sequences, context_tokens(), llama_n_batch(&model_.context()),
                                    options.reuse_prefix},
                     clock);
  }

  const EngineFacts& facts() const override { return facts_; }
  Response complete(const Request& request, std::stop_token stop) override;

 private:
  enum class Rendering { Jinja, Known, Raw };
  void choose_rendering();
  void describe();
  std::string render(const std::vector<Message>& messages) const;
  std::optional<std::string> refusal(const Request& request, std::size_t prompt_tokens) const;
  std::size_t context_tokens() const {
    const std::size_t have = llama_n_ctx_seq(&model_.context());
    return options_.context ? std::min(have, static_cast<std::size_t>(*options_.context)) : have;
  }

  EngineOptions options_;
  Clock& clock_;
  LlamaModel model_;
  ChatTemplate template_;
  Rendering rendering_ = Rendering::Raw;
  EngineFacts facts_;
  std::optional<Batcher> batcher_;
};

void LlamaEngine::choose_rendering() {
  if (options_.raw_prompt) return;
  const std::vector<Message> trial = {{"user", "x"}};
  std::string reason = "it has none";
  if (!template_.source.empty() && can_render_chat()) {
    try {
      if (!render_chat(template_, trial).empty()) {
        rendering_ = Rendering::Jinja;
        return;
      }
    } catch (const std::exception& error) {
      reason = error.what();
    }
  }
  if (!template_.source.empty() && render_known(template_.source, trial)) {
    rendering_ = Rendering::Known;
    facts_.warnings.push_back(
        "the chat template is one of libllama's known ones, chosen by its looks: answers may differ "
        "from a server's");
  } else {
    facts_.warnings.push_back(
        fmt::format("the model's chat template cannot be used ({}): prompts are sent raw", reason));
  }
}

void LlamaEngine::describe() {
  const auto& model = model_.model();
  std::array<char, 256> description{};
  llama_model_desc(&model, description.data(), description.size());
  static constexpr std::array<const char*, 3> kNames = {"jinja", "known", "raw"};
  facts_.version = llama_version();
  facts_.details_json = dump_json(Json{
      {"model", options_.model.string()},
      {"description", description.data()},
      {"n_params", llama_model_n_params(&model)},
      {"size_bytes", llama_model_size(&model)},
      {"quantisation", llama_ftype_name(llama_model_ftype(&model))},
      {"n_ctx_train", llama_model_n_ctx_train(&model)},
      {"n_ctx", context_tokens()},
      {"sequences", options_.sequences},
      {"batch", llama_n_batch(&model_.context())},
      {"threads", llama_n_threads(&model_.context())},
      {"flash_attention", llama_flash_attn_type_name(flash_attention(options_))},
      {"gpu_layers", options_.gpu_layers},
      {"prefix_cache", options_.reuse_prefix},
      {"chat_template", kNames[static_cast<std::size_t>(rendering_)]},
      {"system_info", std::string(trim(llama_print_system_info()))},
  });
}

std::string LlamaEngine::render(const std::vector<Message>& messages) const {
  if (rendering_ == Rendering::Raw) return join_contents(messages);
  std::string text = rendering_ == Rendering::Jinja
                         ? render_chat(template_, messages)
                         : render_known(template_.source, messages).value_or(join_contents(messages));
  // The tokeniser adds BOS where the model asks for it; one that the template wrote as well would be a
  // second.
  const bool adds_bos = llama_vocab_get_add_bos(llama_model_get_vocab(&model_.model()));
  if (adds_bos && !template_.bos.empty() && text.starts_with(template_.bos))
    text.erase(0, template_.bos.size());
  return text;
}

std::optional<std::string> LlamaEngine::refusal(const Request& request, std::size_t prompt_tokens) const {
  if (request.sampling.max_tokens && *request.sampling.max_tokens < 1) return "max_tokens must be at least 1";
  if (prompt_tokens == 0) return "the prompt is empty";
  if (prompt_tokens < context_tokens()) return {};
  return fmt::format(
      "the prompt has {} tokens but the context holds {}: shorten it or raise --client-param ctx=N",
      prompt_tokens, context_tokens());
}

Response LlamaEngine::complete(const Request& request, std::stop_token stop) {
  const Instant sent = clock_.now();
  std::string problem;
  try {
    auto prompt = model_.tokenize(render(request.messages));
    const auto reason = refusal(request, prompt.size());
    if (!reason) return batcher_->run(std::move(prompt), request, sent, std::move(stop));
    problem = *reason;
  } catch (const std::exception& error) {
    problem = fmt::format("the chat template refused these messages: {}", error.what());
  }
  Response response;
  response.sent = sent;
  response.done = clock_.now();
  response.stamps = "engine";
  response.failure = Failure{"engine", problem};
  return response;
}

std::unique_ptr<Engine> load(const EngineOptions& options, Clock& clock, LogSink sink) {
  start_library(sink);
  const auto most = static_cast<int>(llama_max_parallel_sequences());
  if (options.sequences > most)
    throw Error(ErrorCode::Usage,
                fmt::format("--concurrency {} is more than llama.cpp can batch", options.sequences),
                fmt::format("use at most {}", most));
  return std::make_unique<LlamaEngine>(options, clock);
}

constexpr LlamaApi kApi = {load, load_embedder};

}  // namespace
}  // namespace ipw::clients

IPW_EXPORT_MODULE(ipw::clients::kApi);
