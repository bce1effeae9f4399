// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/clients/client.h"

namespace ipw::clients {

/// A vLLM server: chat completions as `openai` does them, and the server's own version, health and metrics.
std::unique_ptr<Client> make_vllm(const ClientOptions& options);

}  // namespace ipw::clients
