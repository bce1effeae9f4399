// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <stop_token>

#include "ipw/rpc/monitor_hub.h"

namespace ipw::rpc {

/// See GrpcApi::serve.
void serve_grpc(MonitorHub& hub, const Door& door, const std::stop_token& stop,
                const std::function<void(int port)>& ready);

}  // namespace ipw::rpc
