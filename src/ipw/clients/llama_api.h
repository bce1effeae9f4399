// SPDX-License-Identifier: Apache-2.0
// What the module "llama" offers: a model in this process that answers several requests at once, and one that
// turns texts into vectors.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/clients/client.h"
#include "ipw/clients/embedder.h"

namespace ipw::clients {

struct EngineOptions {
  std::filesystem::path model;
  int sequences = 1;  ///< requests that share a decode call
  int threads = 1;
  std::optional<int>
      context;      ///< tokens of one request, prompt and answer; absent: the model's own, at most 4096
  int batch = 512;  ///< tokens of one decode call
  std::optional<bool> flash_attention;  ///< absent: where the library finds it of use, as its own programs do
  int gpu_layers = 0;
  bool reuse_prefix = false;  ///< keep the KV cache of earlier requests
  bool raw_prompt = false;    ///< no chat template
  std::uint32_t seed = 0;     ///< of requests that name none
};

/// What is true of a loaded model, for the run's summary.
struct EngineFacts {
  std::string details_json;  ///< JSON object text
  std::string version;
  std::vector<std::string> warnings;
};

/// A loaded model. complete() is thread-safe: calls from several threads are decoded together.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const EngineFacts& facts() const = 0;
  virtual Response complete(const Request& request, std::stop_token stop) = 0;
};

/// Takes the library's log lines; the module has its own copy of ipw::log, whose level nobody sets.
using LogSink = void (*)(std::string_view line);

struct LlamaApi {
  /// Load a model. Throws Error(Format) when the file cannot be used, with the library's reason.
  std::unique_ptr<Engine> (*load)(const EngineOptions& options, Clock& clock, LogSink sink);
  /// What open_embedder() says; `threads` is above 0.
  std::unique_ptr<Embedder> (*load_embedder)(const EmbedderOptions& options, LogSink sink);
};

}  // namespace ipw::clients
