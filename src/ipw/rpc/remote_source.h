// SPDX-License-Identifier: Apache-2.0
// A monitor elsewhere as the source of a run.
#pragma once
#include <memory>
#include <string>

#include "ipw/rpc/transport.h"

namespace ipw::rpc {

/// Stream from a monitor until the source goes; `name` is for messages. A stream that ends is opened again
/// with back-off; until it is back all domains are silent with the reason. Returns once the first sample has
/// arrived. Throws Error(Unavailable) when none comes within 5 s.
std::unique_ptr<telemetry::Source> open_remote(std::unique_ptr<Transport> transport, Clock& clock,
                                               std::string name);

}  // namespace ipw::rpc
