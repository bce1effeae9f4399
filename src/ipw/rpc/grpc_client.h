// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "ipw/rpc/transport.h"

namespace ipw::rpc {

/// See GrpcApi::open. Nothing is sent yet.
std::unique_ptr<Transport> open_grpc(const Address& address);

}  // namespace ipw::rpc
