// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/clients/client.h"

namespace ipw::clients {

/// Any server with OpenAI's chat completions: vLLM, SGLang, llama-server, LM Studio, hosted ones.
std::unique_ptr<Client> make_openai(const ClientOptions& options);

}  // namespace ipw::clients
