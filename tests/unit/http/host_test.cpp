// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/host.h"

#include <gtest/gtest.h>

namespace ipw::http {
namespace {

TEST(Host, is_cut_out_of_a_url) {
  EXPECT_EQ(host_port("https://user@api.example.com:443/v1").host, "api.example.com");
  EXPECT_EQ(host_port("https://user@api.example.com:443/v1").port, 443);
  EXPECT_EQ(host_port("http://[::1]:8000/v1").host, "::1");
  EXPECT_EQ(host_port("http://[::1]:8000/v1").port, 8000);
  EXPECT_EQ(host_port("localhost:11434").port, 11434);
  EXPECT_FALSE(host_port("http://localhost/v1:9").port);
  EXPECT_FALSE(host_port("http://localhost:99999").port);
  EXPECT_EQ(host_port("").host, "");
}

TEST(Host, this_machine_has_many_names) {
  for (const auto* host :
       {"localhost", "LOCALHOST", "x.localhost", "127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::"})
    EXPECT_TRUE(is_this_machine(host)) << host;
  for (const auto* host : {"", "localhost.example.com", "128.0.0.1", "::2", "gpu-box"})
    EXPECT_FALSE(is_this_machine(host)) << host;
}

TEST(Host, loopback_is_what_nobody_else_reaches) {
  for (const auto* host : {"localhost", "LocalHost", "x.localhost", "127.0.0.1", "127.8.9.1", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host :
       {"", "0.0.0.0", "::", "192.168.1.2", "127.0.0.1.example.com", "localhost.example.com"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Host, M32_providers_are_told_from_machines_of_one_s_own) {
  for (const auto* host : {"api.openai.com", "8.8.8.8", "172.32.0.1", "2001:4860:4860::8888"})
    EXPECT_TRUE(is_public(host)) << host;
  for (const auto* host : {"", "localhost", "gpu-box", "gpu.local", "node7.internal", "10.1.2.3",
                           "172.31.255.1", "192.168.0.9", "169.254.1.1", "100.64.0.1", "fe80::1", "fd00::5"})
    EXPECT_FALSE(is_public(host)) << host;
}

}  // namespace
}  // namespace ipw::http
