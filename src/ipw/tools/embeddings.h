// SPDX-License-Identifier: Apache-2.0
// Texts as vectors.
#pragma once
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::tools {

using Vector = std::vector<float>;
/// One vector for each text, all of one length. Thread-safe. Throws Error.
using Embed = std::function<std::vector<Vector>(const std::vector<std::string>& texts)>;

struct EmbeddingServer {
  std::string base_url;  ///< ends in /v1 or is completed by it
  std::string model, key;
  std::size_t batch = 32;  ///< texts of a request
  Seconds timeout{120};    ///< of a request
};

/// Any server with OpenAI's /v1/embeddings: llama-server --embedding, vLLM, Ollama, hosted ones. What it cuts
/// off of a text that is too long for its model, it does not say.
Embed embed_by_server(EmbeddingServer server);

}  // namespace ipw::tools
