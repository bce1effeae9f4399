// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/clients/client.h"

namespace ipw::clients {

/// llama.cpp in this process; `model` is the path of a GGUF file (see models.h for names). Needs the module
/// "llama".
std::unique_ptr<Client> make_llamacpp(const ClientOptions& options);

}  // namespace ipw::clients
