// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/clients/client.h"

namespace ipw::clients {

/// A client that answers by itself, with the timing that its parameters name: for tests of everything behind
/// it.
std::unique_ptr<Client> make_echo(const ClientOptions& options);

}  // namespace ipw::clients
