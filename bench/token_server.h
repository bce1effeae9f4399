// SPDX-License-Identifier: Apache-2.0
// The server of the benchmarks: every request gets 16 tokens over 1 ms, and the server keeps its own times.
#pragma once
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "ipw/http/server.h"

namespace ipw::bench {

/// Sums over the requests of a token server. Times are CLOCK_MONOTONIC seconds.
struct ServerTimes {
  std::size_t requests = 0;
  double first_begin_s = 0, last_end_s = 0, busy_s = 0;
};

/// Answer chat completions at once except for 1 ms in the middle of the stream. Thread-safe.
class TokenServer {
 public:
  http::ServerResponse answer(const http::ServerRequest& request);
  ServerTimes times() const;

 private:
  void end(double begin);
  mutable std::mutex mutex_;
  ServerTimes times_;
};

inline double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace ipw::bench
