// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/clients/client.h"

namespace ipw::clients {

/// Ollama's own protocol, which tells the durations of load, prefill and decode.
std::unique_ptr<Client> make_ollama(const ClientOptions& options);

}  // namespace ipw::clients
