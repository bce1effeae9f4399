// SPDX-License-Identifier: Apache-2.0
// A listening socket in the network of another process.
#pragma once
#include <sys/types.h>

namespace ipw::sandbox {

/// Whether a process has a network of its own. Throws Error(Unavailable) when that cannot be seen.
bool has_own_network(pid_t process);

/// Listen at 127.0.0.1:PORT in the network namespace of a process and bring the socket here: a descriptor
/// keeps its namespace wherever it is used. The caller closes it. Needs root, or to be the user who made the
/// namespace. Throws Error(Unavailable). Thread-safe.
int listen_in_network_of(pid_t process, int port);

}  // namespace ipw::sandbox
