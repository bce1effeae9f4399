// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "ipw/base/text.h"

namespace ipw::http {
namespace {

struct Network {
  std::uint32_t address;
  int bits;
  bool contains(std::uint32_t other) const { return ((address ^ other) >> (32 - bits)) == 0; }
};
constexpr Network kLoopback{0x7F000000, 8};
constexpr std::array kPrivate = {Network{0x0A000000, 8}, Network{0xAC100000, 12}, Network{0xC0A80000, 16},
                                 Network{0xA9FE0000, 16}, Network{0x64400000, 10}};
constexpr std::array<std::string_view, 4> kOwnDomains = {".local", ".lan", ".internal", ".home.arpa"};

std::optional<std::uint32_t> ipv4(std::string_view host) {
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::optional<in6_addr> ipv6(std::string_view host) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return address;
}

bool is_own(const in6_addr& a) {
  const bool link_local = a.s6_addr[0] == 0xFE && (a.s6_addr[1] & 0xC0) == 0x80;
  return link_local || (a.s6_addr[0] & 0xFE) == 0xFC;  // or unique local
}

bool is_public_name(std::string_view host) {
  return host.find('.') != std::string_view::npos &&
         std::ranges::none_of(kOwnDomains, [&](auto domain) { return host.ends_with(domain); });
}

}  // namespace

HostPort host_port(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
  HostPort out;
  std::string_view rest;
  if (const auto end = url.find(']'); url.starts_with('[') && end != std::string_view::npos) {
    out.host = url.substr(1, end - 1);
    rest = url.substr(end + 1);
  } else {
    const auto colon = std::min(url.find(':'), url.size());
    out.host = url.substr(0, colon);
    rest = url.substr(colon);
  }
  if (!rest.starts_with(':')) return out;
  const auto port = parse_int(rest.substr(1));
  if (port && *port > 0 && *port <= 65535) out.port = static_cast<int>(*port);
  return out;
}

bool is_loopback(std::string_view host) {
  const auto name = to_lower_ascii(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  if (const auto four = ipv4(name)) return kLoopback.contains(*four);
  const auto six = ipv6(name);
  return six && IN6_IS_ADDR_LOOPBACK(&*six);
}

bool is_this_machine(std::string_view host) {
  if (is_loopback(host) || ipv4(host) == 0U) return true;
  const auto six = ipv6(host);
  return six && IN6_IS_ADDR_UNSPECIFIED(&*six);
}

bool is_public(std::string_view host) {
  if (host.empty() || is_this_machine(host)) return false;
  const auto name = to_lower_ascii(host);
  if (const auto four = ipv4(name))
    return std::ranges::none_of(kPrivate, [&](const Network& n) { return n.contains(*four); });
  if (const auto six = ipv6(name)) return !is_own(*six);
  return is_public_name(name);
}

}  // namespace ipw::http
