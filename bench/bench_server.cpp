// SPDX-License-Identifier: Apache-2.0
// A process for bench/run.py: print the port, serve until standard input ends, print the times as JSON.
#include <fmt/format.h>

#include <cstdio>

#include "token_server.h"

int main() {
  ipw::bench::TokenServer tokens;
  const auto server = ipw::http::serve([&](const auto& request) { return tokens.answer(request); });
  fmt::print("{}\n", server->port());
  std::fflush(stdout);
  std::getchar();
  const auto t = tokens.times();
  fmt::print(
      R"({{"requests":{},"first_request_monotonic_s":{:.9f},"first_begin_s":{:.9f},"last_end_s":{:.9f},"busy_s":{:.9f}}})"
      "\n",
      t.requests, t.first_begin_s, t.first_begin_s, t.last_end_s, t.busy_s);
}
