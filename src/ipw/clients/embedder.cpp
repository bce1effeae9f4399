// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/embedder.h"

#include <algorithm>

#include "ipw/base/log.h"
#include "ipw/base/module.h"
#include "ipw/clients/gguf.h"
#include "ipw/clients/llama_api.h"

namespace ipw::clients {

std::unique_ptr<Embedder> open_embedder(EmbedderOptions options) {
  check_gguf(options.model);
  if (options.threads <= 0) options.threads = default_threads(options.model);
  options.threads = std::min(options.threads, allowed_cpus());
  return module_api<LlamaApi>("llama").load_embedder(
      options, [](std::string_view line) { log::debug("llama.cpp: {}", line); });
}

}  // namespace ipw::clients
