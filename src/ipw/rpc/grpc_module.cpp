// SPDX-License-Identifier: Apache-2.0
#include <grpc/support/log.h>

#include "ipw/base/log.h"
#include "ipw/base/module.h"
#include "ipw/rpc/grpc_client.h"
#include "ipw/rpc/grpc_server.h"

namespace {

/// gRPC writes to stderr by itself; what went wrong is in our errors already.
void quiet() {
  gpr_set_log_function([](gpr_log_func_args* line) { ipw::log::debug("gRPC: {}", line->message); });
}

const ipw::rpc::GrpcApi kApi{[](const ipw::rpc::Address& address) {
                               quiet();
                               return ipw::rpc::open_grpc(address);
                             },
                             [](ipw::rpc::MonitorHub& hub, const ipw::rpc::Door& door,
                                const std::stop_token& stop, const std::function<void(int)>& ready) {
                               quiet();
                               ipw::rpc::serve_grpc(hub, door, stop, ready);
                             }};

}  // namespace

IPW_EXPORT_MODULE(kApi);
