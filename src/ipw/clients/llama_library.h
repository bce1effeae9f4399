// SPDX-License-Identifier: Apache-2.0
// What the files of the module "llama" share: the library's objects, its log, loading a file, tokens.
#pragma once
#include <llama.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/clients/llama_api.h"

namespace ipw::clients {

struct LlamaFree {
  void operator()(llama_model* p) const { llama_model_free(p); }
  void operator()(llama_context* p) const { llama_free(p); }
  void operator()(llama_sampler* p) const { llama_sampler_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, LlamaFree>;

/// Start the library once and send its log lines to `sink` from now on. Thread-safe.
void start_library(LogSink sink);

/// The last warning or error that the library wrote; it explains a failed load. Thread-safe.
std::string last_complaint();

/// Throws Error(Format) with the library's reason.
Owned<llama_model> load_model(const std::filesystem::path& path, int gpu_layers);

/// Tokenise; the model's own rule says which special tokens stand in front and behind. `parse_special`: names
/// of control tokens inside the text become those tokens, which only prompts that we rendered may do.
/// Thread-safe.
std::vector<int> tokenize(const llama_vocab& vocab, std::string_view text, bool parse_special);

/// The second entry of the module's table (llama_embedder.cpp).
std::unique_ptr<Embedder> load_embedder(const EmbedderOptions& options, LogSink sink);

}  // namespace ipw::clients
