// SPDX-License-Identifier: Apache-2.0
// The parts of an address. Used inside the layer; users call parse_address().
#pragma once
#include <string>

#include "ipw/rpc/monitor.h"

namespace ipw::rpc {

inline constexpr int kDefaultPort = 50053;

struct HostPort {
  std::string host, port;
};
/// Cut "host:port" or "[ipv6]:port"; the brackets go.
HostPort split_host_port(const std::string& target);
/// Write a host and a port as one target; IPv6 gets brackets.
std::string join_host_port(const std::string& host, int port);
/// Tell whether only this machine can reach that host name or number.
bool is_loopback(const std::string& host);
/// The path of a "unix:/path" target, else empty.
std::string unix_path(const std::string& target);

}  // namespace ipw::rpc
