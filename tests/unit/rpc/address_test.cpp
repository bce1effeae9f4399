// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipw/base/error.h"

namespace ipw::rpc {
namespace {

TEST(Address, C12_a_missing_port_is_the_port_the_monitor_listens_on) {
  EXPECT_EQ(parse_address("10.0.0.7").target, "10.0.0.7:50053");
  EXPECT_EQ(Address().target, "127.0.0.1:50053");
  EXPECT_EQ(ServeOptions().port, kDefaultPort);
}

TEST(Address, loses_scheme_and_path) {
  EXPECT_EQ(parse_address("grpc://node7:6000").target, "node7:6000");
  EXPECT_EQ(parse_address("http://node7:6000/metrics").target, "node7:6000");
  EXPECT_EQ(parse_address(" https://node7/ ").target, "node7:50053");
}

TEST(Address, reads_ipv6_with_and_without_brackets_and_port) {
  EXPECT_EQ(parse_address("::1").target, "[::1]:50053");
  EXPECT_EQ(parse_address("[::1]").target, "[::1]:50053");
  EXPECT_EQ(parse_address("[::1]:7").target, "[::1]:7");
  EXPECT_EQ(split_host_port("[::1]:7").host, "::1");
}

TEST(Address, reads_unix_sockets_in_both_spellings) {
  EXPECT_EQ(parse_address("unix:/run/ipw.sock").target, "unix:/run/ipw.sock");
  EXPECT_EQ(parse_address("unix:///run/ipw.sock").target, "unix:/run/ipw.sock");
}

TEST(Address, refuses_what_is_no_address_and_says_why) {
  for (const char* bad : {"", "grpc://", "host:0", "host:65536", "host:http", ":50053", "unix:"}) {
    EXPECT_THROW(parse_address(bad), Error) << bad;
  }
  try {
    parse_address("host:http");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Usage);
    EXPECT_NE(std::string(error.what()).find("'host:http'"), std::string::npos);
  }
}

TEST(Address, knows_which_hosts_are_loopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("::1"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("192.168.1.7"));
}

TEST(Listens, tells_an_open_port_from_a_closed_one) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Address target{join_host_port("127.0.0.1", ntohs(address.sin_port))};
  EXPECT_FALSE(listens(target));
  ASSERT_EQ(::listen(fd, 1), 0);
  EXPECT_TRUE(listens(target));
  ::close(fd);
}

TEST(Listens, says_no_for_a_socket_that_is_not_there_or_has_too_long_a_path) {
  EXPECT_FALSE(listens({"unix:/nowhere/ipw.sock"}));
  EXPECT_FALSE(listens({"unix:/" + std::string(200, 'x')}));
}

}  // namespace
}  // namespace ipw::rpc
