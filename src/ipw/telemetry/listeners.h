// SPDX-License-Identifier: Apache-2.0
// Which processes serve a port of this machine.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ipw::telemetry {

/// The processes that listen at a TCP port, by /proc/net/tcp and the open files in /proc below `root`
/// (proc_pid_net(5)). Those of other users are seen only with the right to look at them; a server in a
/// network namespace of its own is not seen.
std::vector<std::int64_t> listeners(int port, const std::string& root);

}  // namespace ipw::telemetry
