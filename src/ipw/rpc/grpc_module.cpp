// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/module.h"
#include "ipw/rpc/grpc_client.h"
#include "ipw/rpc/grpc_server.h"

namespace {

const ipw::rpc::GrpcApi kApi{&ipw::rpc::open_grpc, &ipw::rpc::serve_grpc};

}  // namespace

IPW_EXPORT_MODULE(kApi);
