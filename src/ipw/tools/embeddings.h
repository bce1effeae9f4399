// SPDX-License-Identifier: Apache-2.0
// Texts as vectors.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/clients/embedder.h"
#include "ipw/tools/patience.h"

namespace ipw::tools {

using Vector = std::vector<float>;
using clients::Embedded;
/// One vector for each text, all of one length. Thread-safe. Throws Error, Error(Cancelled) when stopped.
using Embed = std::function<Embedded(const std::vector<std::string>& texts, const Patience& patience)>;

struct EmbeddingServer {
  std::string base_url;  ///< ends in /v1 or is completed by it
  std::string model, key;
  std::size_t batch = 32;  ///< texts of a request
  Seconds timeout{120};    ///< of a request, where the caller has not less patience
};

/// Any server with OpenAI's /v1/embeddings: llama-server --embedding, vLLM, Ollama, hosted ones. What it cuts
/// off of a text that is too long for its model, it does not say: `cut` is then 0.
Embed embed_by_server(EmbeddingServer server);

/// A model in this process, and the name of what it computes: equal names, equal vectors.
struct LocalEmbeddings {
  Embed embed;
  std::string identity;  ///< SHA-256 of the file, pooling and context
};

/// Load a GGUF model; tools with the same options share it. Its warnings are logged once. Throws Error as
/// clients::open_embedder() does.
LocalEmbeddings embed_by_gguf(const clients::EmbedderOptions& options);

}  // namespace ipw::tools
