// SPDX-License-Identifier: Apache-2.0
// Server and client in one process, over Unix sockets, on a clock that the test moves.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "ipw/base/error.h"
#include "loopback.h"

namespace ipw::rpc {
namespace {

TEST_F(Loopback, the_client_sees_the_domains_and_the_machine_of_the_monitor) {
  const Running monitor(source_, clock_, options_);
  const auto client = connect_to(monitor.address());
  ASSERT_EQ(client->domains().size(), 2U);
  EXPECT_EQ(client->domains()[1].name, "package-0");
  EXPECT_EQ(client->machine().cpu_brand, "Test CPU 9000");
  EXPECT_EQ(client->self().period_seconds, 0.05);
}

TEST_F(Loopback, M16_two_clients_see_the_same_energies) {
  const Running monitor(source_, clock_, options_);
  const auto one = connect_to(monitor.address());
  const auto other = connect_to(monitor.address());
  const int begin = next_ + 1;
  feed(*one, one->self().ticks + 50);
  feed(*other, other->self().ticks + 50);
  const auto a = one->window(tick(begin), tick(begin + 20)).energies.at(0).joules;
  const auto b = other->window(tick(begin), tick(begin + 20)).energies.at(0).joules;
  ASSERT_TRUE(a && b);
  EXPECT_DOUBLE_EQ(*a, *b);
  EXPECT_NEAR(*a, 60, 0.5);
}

TEST_F(Loopback, M21_the_client_finds_a_monitor_that_was_restarted) {
  auto monitor = std::make_unique<Running>(source_, clock_, options_);
  const auto client = connect_to(monitor->address());
  monitor.reset();
  while (client->self().problems.empty()) std::this_thread::yield();
  monitor = std::make_unique<Running>(source_, clock_, options_);
  feed(*client, client->self().ticks + 5);
  bool told = false;
  for (const auto& problem : client->self().problems)
    told = told || problem.find("lost") != std::string::npos;
  EXPECT_TRUE(told);
}

TEST_F(Loopback, the_socket_is_open_to_its_group_and_nobody_else) {
  const Running monitor(source_, clock_, options_);
  struct stat info {};
  ASSERT_EQ(::stat(options_.unix_socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0660U);
  EXPECT_TRUE(listens({monitor.address()}));
}

TEST_F(Loopback, the_socket_goes_with_the_monitor) {
  { const Running monitor(source_, clock_, options_); }
  EXPECT_FALSE(fs::exists(options_.unix_socket));
}

TEST_F(Loopback, a_second_monitor_on_the_same_socket_is_refused) {
  const Running monitor(source_, clock_, options_);
  EXPECT_THROW(serve(source_, clock_, options_, {}, {}), Error);
  EXPECT_TRUE(listens({monitor.address()}));
}

TEST_F(Loopback, a_second_monitor_on_the_same_port_is_refused) {
  ServeOptions options;
  options.port = 0;
  const Running monitor(source_, clock_, options);
  options.port = std::stoi(monitor.address().substr(monitor.address().rfind(':') + 1));
  EXPECT_NE(options.port, 0);
  EXPECT_THROW(serve(source_, clock_, options, {}, {}), Error);
}

TEST_F(Loopback, a_file_that_is_no_socket_is_left_alone) {
  std::ofstream(options_.unix_socket) << "precious";
  EXPECT_THROW(serve(source_, clock_, options_, {}, {}), Error);
  EXPECT_EQ(fs::file_size(options_.unix_socket), 8U);
}

TEST_F(Loopback, nobody_there_is_an_error_with_a_hint) {
  try {
    connect({"unix:" + options_.unix_socket}, clock_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Unavailable);
    EXPECT_NE(error.hint().find("ipw-monitor"), std::string::npos);
  }
}

}  // namespace
}  // namespace ipw::rpc
