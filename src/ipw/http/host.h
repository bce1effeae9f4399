// SPDX-License-Identifier: Apache-2.0
// What the host of a URL tells of where its machine is.
#pragma once
#include <optional>
#include <string_view>

namespace ipw::http {

/// A URL's host without brackets, and its port where it names one.
struct HostPort {
  std::string_view host;
  std::optional<int> port;
};
/// Of "https://user@api.example.com:443/v1": api.example.com and 443. The port of the scheme is not filled
/// in.
HostPort host_port(std::string_view url);

/// Only this machine reaches it: localhost, names below .localhost (RFC 6761), 127.0.0.0/8 and ::1.
bool is_loopback(std::string_view host);
/// This machine: loopback, 0.0.0.0 and ::.
bool is_this_machine(std::string_view host);
/// A machine of a provider, for all that its name tells: neither this one, nor a private or link-local
/// address (RFC 1918, RFC 4193, RFC 3927, RFC 6598), nor a name without a dot or below .local, .lan,
/// .internal and .home.arpa.
bool is_public(std::string_view host);

}  // namespace ipw::http
