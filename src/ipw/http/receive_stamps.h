// SPDX-License-Identifier: Apache-2.0
// When the kernel received what waits in a socket (SO_TIMESTAMPING; Linux, Documentation/networking/timestamping.rst).
#pragma once
#include <optional>

#include "ipw/base/clock.h"

namespace ipw::http {

/// Ask the kernel to stamp what arrives on a TCP socket. False where it will not.
bool enable_receive_stamps(int socket);

/// Peek at the receive time of the oldest waiting bytes, on CLOCK_MONOTONIC. Nothing when no byte or no stamp is there.
/// The kernel stamps CLOCK_REALTIME; the offset of the two clocks is taken at the moment of the call.
std::optional<Instant> peek_receive_stamp(int socket);

}  // namespace ipw::http
